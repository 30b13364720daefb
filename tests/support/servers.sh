# shellcheck shell=bash
# Runs fixtures for a test program: servers.sh DIRECTORY COMMAND...
# Each COMMAND is a line of shell ("registry_start basic"). Prints what the fixtures set as NAME=VALUE
# lines and an empty line, then waits until its standard input is closed, and takes all down.
set -euo pipefail
FIXTURE_HOME=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
readonly FIXTURE_HOME
# shellcheck source-path=SCRIPTDIR
source "$FIXTURE_HOME/lib/process.sh"
source "$FIXTURE_HOME/lib/tls.sh"
source "$FIXTURE_HOME/lib/registry.sh"
source "$FIXTURE_HOME/lib/faulty_server.sh"

fixture_begin "$1"
shift
for command in "$@"; do
  eval "$command"
done
for name in FIXTURE_DIR REGISTRY REGISTRY_URL REGISTRY_DIR REGISTRY_USER REGISTRY_PASSWORD REGISTRY_CA \
  REGISTRY_CERTIFICATE REGISTRY_KEY TOKEN_SERVER_REALM TOKEN_SERVER_LOG FAULTY FAULTY_URL FAULTY_LOG \
  FAULTY_SCRIPT; do
  printf '%s=%s\n' "$name" "${!name-}"
done
printf '\n'
read -r _ || true
