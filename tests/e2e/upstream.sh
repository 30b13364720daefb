# shellcheck shell=bash
# What the tests that follow upstreams share: sourced after lib.sh and e2e_begin. $WORKSPACE has no
# forks and recipes yet; what is served lies in $served, through a server whose faults are scripted.

workspace_new
rm -rf "${WORKSPACE:?}"/{forks,recipes}
mkdir "$WORKSPACE"/{forks,recipes}
served=$(fixture_subdirectory served)
git_http_start "$served"
faulty_proxy "$GIT_HTTP_URL"
declare -A repositories

# upstream_new NAME: an upstream with tag v1.0.0, served over http, and a fork that pins it.
upstream_new() {
  fork_new "$1"
  repositories[$1]=$FORK_REPOSITORY
  git_do tag v1.0.0
  git clone --quiet --bare "$FORK_REPOSITORY" "$served/$1.git"
  follow "$1" "$FAULTY_URL/$1.git"
}
# follow NAME URL [TRACK]
follow() {
  local track=${3:-'{ tags: "v*" }'}
  cat >"$WORKSPACE/forks/$1.yaml" <<END
# what we follow
upstream: $2
track: $track
url: $2
pin: { commit: $(git_do rev-parse v1.0.0), version: 1.0.0 }  # reviewed
END
}
in_upstream() { FORK_REPOSITORY=${repositories[$1]} git_do "${@:2}"; }
# release NAME TAG: commits what stands there.
release() {
  in_upstream "$1" add --all
  in_upstream "$1" commit --quiet --allow-empty --message="$2"
  in_upstream "$1" tag "$2"
  publish "$1"
}
publish() { in_upstream "$1" push --quiet --mirror "$served/$1.git"; }
# asked JQ [ARGUMENT...]: what the record of `cullet upstream` says.
asked() {
  in_workspace "$CULLET" upstream --json "${@:2}" 2>"$FIXTURE_DIR/err" >"$FIXTURE_DIR/json" || true
  jq -r "$1" "$FIXTURE_DIR/json"
}
# workspace_commit MESSAGE: commits what stands in the workspace; the first time makes it a repository.
workspace_commit() {
  if [[ ! -e $WORKSPACE/.git ]]; then
    printf '/.cullet/\n/keys/\n' >"$WORKSPACE/.gitignore"
    in_workspace git init --quiet --initial-branch=main
    in_workspace git config user.name Someone
    in_workspace git config user.email someone@example.com
  fi
  in_workspace git add --all
  in_workspace git commit --quiet --allow-empty --message="$1"
}
unchanged() { same "$(in_workspace git status --porcelain | wc -l)" 0 "$1"; }
