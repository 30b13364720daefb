# shellcheck shell=bash
# shellcheck disable=SC2034 # what the functions set is for the tests
# git over http and over ssh.

# git_http_start DIRECTORY [FEATURE...]: serves all repositories below DIRECTORY over smart http.
#   basic    a name and a password
#   tls      https, certificate by an authority of its own
# Sets GIT_HTTP_URL (append /NAME.git), GIT_HTTP_PID, GIT_HTTP_USER and GIT_HTTP_PASSWORD (empty unless
# basic), GIT_HTTP_CA (empty unless tls).
git_http_start() {
  local root=$1 feature scheme=http directory options=()
  shift
  directory=$(fixture_subdirectory git-http)
  GIT_HTTP_USER='' GIT_HTTP_PASSWORD='' GIT_HTTP_CA=''
  for feature in "$@"; do
    case $feature in
      basic)
        GIT_HTTP_USER=someone GIT_HTTP_PASSWORD='pass word:1'
        options+=(--credentials "$GIT_HTTP_USER:$GIT_HTTP_PASSWORD")
        ;;
      tls)
        scheme=https
        ca_make "$directory"
        certificate_make "$directory" git server
        GIT_HTTP_CA=$directory/ca.pem
        options+=(--tls-certificate "$directory/git.pem" --tls-key "$directory/git.key")
        ;;
      *) printf 'git_http_start: no feature %s\n' "$feature" >&2 && return 2 ;;
    esac
  done
  process_start "$directory/log" "$PYTHON" "$FIXTURE_HOME/git_http_server.py" \
    --root "$root" --port-file "$directory/port" "${options[@]}"
  GIT_HTTP_PID=$PROCESS_PID
  process_await "$GIT_HTTP_PID" "$directory/log" test -s "$directory/port"
  # The name, so that TLS clients that cannot match addresses are content as well.
  GIT_HTTP_URL=$scheme://localhost:$(<"$directory/port")
}

# git_ssh_start: starts an ssh server for the current user and an ssh-agent that holds the one key that
# it accepts. Repositories are named by their absolute path: "$GIT_SSH_URL/abs/olute/zlib.git". Sets
# GIT_SSH_URL, GIT_SSH_PID, GIT_SSH_KEY (file), GIT_SSH_KNOWN_HOSTS (file), GIT_SSH_HOME (a home whose
# .ssh/known_hosts has the server: what libgit2 reads), and exports SSH_AUTH_SOCK.
# Needs sshd (Debian: openssh-server); git_ssh_available says whether it is there.
git_ssh_start() {
  local directory tries
  directory=$(fixture_subdirectory ssh)
  GIT_SSH_KEY=$directory/user
  GIT_SSH_HOME=$directory/home
  GIT_SSH_KNOWN_HOSTS=$GIT_SSH_HOME/.ssh/known_hosts
  mkdir -p -- "$GIT_SSH_HOME/.ssh"
  # Ed25519 for both: libssh2 1.10 knows of RSA only ssh-rsa (SHA-1), which OpenSSH refuses by now.
  ssh-keygen -q -t ed25519 -N '' -C 'cullet tests' -f "$directory/host"
  ssh-keygen -q -t ed25519 -N '' -C 'cullet tests' -f "$GIT_SSH_KEY"
  # sshd takes no port 0, so try one after the other; a port in use ends it at once.
  for ((tries = 0; tries < 20; tries++)); do
    if _sshd_try "$directory" $((20000 + SRANDOM % 12000)); then
      _ssh_agent_start "$directory"
      return 0
    fi
  done
  tail -n 20 -- "$directory/log" >&2
  return 1
}

# git_ssh_available: succeeds if git_ssh_start can work: sshd is there, and for root also the user and
# group that it drops to.
git_ssh_available() {
  [[ -x ${SSHD:-/usr/sbin/sshd} ]] && { ((EUID != 0)) || getent passwd sshd >/dev/null; }
}

_sshd_try() {
  local directory=$1 port=$2
  cat >"$directory/sshd_config" <<CONFIGURATION
ListenAddress 127.0.0.1:$port
HostKey $directory/host
PidFile none
AuthorizedKeysFile $directory/user.pub
PasswordAuthentication no
KbdInteractiveAuthentication no
UsePAM no
# Scratch is below /tmp, which everybody may write.
StrictModes no
# Not to let the user's own environment or start-up files in.
PermitUserRC no
PermitTTY no
AllowTcpForwarding no
X11Forwarding no
CONFIGURATION
  # sshd wants its absolute path, to run itself anew for each connection. As root it wants /run/sshd,
  # which Debian makes at boot; a private /run has no effect on the machine's.
  local command=("${SSHD:-/usr/sbin/sshd}" -D -e -f "$directory/sshd_config")
  if ((EUID == 0)); then
    command=(unshare --mount sh -c 'mount -t tmpfs -o mode=755 none /run && mkdir -m 755 /run/sshd && exec "$@"' sh "${command[@]}")
  fi
  process_start "$directory/log" "${command[@]}"
  GIT_SSH_PID=$PROCESS_PID
  process_await "$GIT_SSH_PID" "$directory/log" \
    grep -q "Server listening on 127.0.0.1 port $port" "$directory/log" 2>/dev/null || return 1
  GIT_SSH_URL=ssh://$(id -un)@127.0.0.1:$port
  printf '[127.0.0.1]:%s %s\n' "$port" "$(cut -d' ' -f1,2 "$directory/host.pub")" >"$GIT_SSH_KNOWN_HOSTS"
  # What git itself uses; libgit2 reads GIT_SSH_HOME/.ssh/known_hosts.
  export GIT_SSH_COMMAND="ssh -F none -o UserKnownHostsFile=$GIT_SSH_KNOWN_HOSTS -o IdentitiesOnly=no -o BatchMode=yes"
}

_ssh_agent_start() {
  export SSH_AUTH_SOCK=$1/agent
  process_start "$1/agent.log" ssh-agent -D -a "$SSH_AUTH_SOCK"
  process_await "$PROCESS_PID" "$1/agent.log" test -S "$SSH_AUTH_SOCK"
  ssh-add -q "$GIT_SSH_KEY"
}
