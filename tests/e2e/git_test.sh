#!/usr/bin/env bash
# Forks over http, https and ssh, through insteadOf, with submodules; fetched once and never again.
set -euo pipefail
source "$(dirname "$0")/lib.sh"
e2e_begin
CULLET_STORE=$FIXTURE_DIR/store  # of its own: these tests count what is fetched
workspace_new
fork_new greeting
served=$(fixture_subdirectory served)

serve() { rm -rf "$served/greeting.git" && git clone --quiet --bare "$FORK_REPOSITORY" "$served/greeting.git"; }
sync() { in_workspace "$CULLET" fork sync greeting; }

serve
git_http_start "$served"
fork_pin greeting "$GIT_HTTP_URL/greeting.git"
same "$(sync)" "greeting $(git_do rev-parse HEAD)" 'a fork is cloned over http'
process_stop "$GIT_HTTP_PID"
in_workspace "$CULLET" shell greeting -- true
echo 'ok: the pin is in the store: nothing is fetched again'

git_http_start "$served" tls basic
git config --file "$HOME/.gitconfig" credential.helper \
  "!f() { echo username=$GIT_HTTP_USER; echo 'password=$GIT_HTTP_PASSWORD'; }; f"
git config --file "$HOME/.gitconfig" http.sslCAInfo "$GIT_HTTP_CA"
fork_pin greeting "$GIT_HTTP_URL/greeting.git"
same "$(sync)" "greeting $(git_do rev-parse HEAD)" 'over https, with a credential helper'

git config --file "$HOME/.gitconfig" --replace-all "url.$GIT_HTTP_URL/.insteadOf" https://forks.example.com/
fork_pin greeting https://forks.example.com/greeting.git
same "$(sync)" "greeting $(git_do rev-parse HEAD)" 'through insteadOf'

if git_ssh_available; then
  git_ssh_start
  fork_pin greeting "$GIT_SSH_URL$served/greeting.git"
  same "$(sync)" "greeting $(git_do rev-parse HEAD)" 'over ssh, with the key of an agent'
  : >"$GIT_SSH_KNOWN_HOSTS"
  fork_pin greeting "$GIT_SSH_URL$served/./greeting.git"
  expect 4 'host' "$CULLET" fork sync greeting
else
  echo 'skipped: no sshd for forks over ssh'
fi

# Submodules at their pinned commits.
main=$FORK_REPOSITORY
fork_new part
part=$FORK_REPOSITORY
FORK_REPOSITORY=$main
git_do -c protocol.file.allow=always submodule --quiet add "file://$part" part
git_do commit --quiet --message='with a submodule'
fork_pin greeting
in_workspace "$CULLET" shell greeting -- test -e part/hello.c
echo 'ok: a submodule is at its commit'
