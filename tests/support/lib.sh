# shellcheck shell=bash
# Fixtures that let tests talk to real programs on loopback: a registry, git servers, a faulty web
# server, podman, skopeo and cosign.
#
#   set -euo pipefail
#   source tests/support/lib.sh
#   fixture_begin                  # FIXTURE_DIR: scratch; all is stopped and removed on exit
#   registry_start basic tls       # REGISTRY=127.0.0.1:41233, REGISTRY_CA=..., REGISTRY_USER=...
#
# Rules that every function here keeps:
#   - It writes only below FIXTURE_DIR (tool_install alone uses a cache that outlives the test).
#   - It returns when the thing is ready to use, and fails with the reason and the log if it is not.
#   - It reports through variables named after it; call it directly, never in $(...), because a
#     subshell would lose the variables and the record of what is to be stopped.
#   - It works for root and for any other user, whatever the umask.
# Commands that print their result (digests, paths) say so; those are for $(...).

FIXTURE_HOME=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
readonly FIXTURE_HOME

# shellcheck source-path=SCRIPTDIR
source "$FIXTURE_HOME/lib/process.sh"
source "$FIXTURE_HOME/lib/tls.sh"
source "$FIXTURE_HOME/lib/registry.sh"
source "$FIXTURE_HOME/lib/image.sh"
source "$FIXTURE_HOME/lib/signature.sh"
source "$FIXTURE_HOME/lib/tools.sh"
source "$FIXTURE_HOME/lib/cosign.sh"
source "$FIXTURE_HOME/lib/spdx.sh"
source "$FIXTURE_HOME/lib/scanners.sh"
source "$FIXTURE_HOME/lib/olareg.sh"
source "$FIXTURE_HOME/lib/containers.sh"
source "$FIXTURE_HOME/lib/git_server.sh"
source "$FIXTURE_HOME/lib/faulty_server.sh"
