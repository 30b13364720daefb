# shellcheck shell=bash
# The SPDX project's own validator.

SPDX_TOOLS_VERSION=0.8.3

# spdx_tools_install: sets SPDX_TOOLS to the program, unless it is set. Fails where Python's venv or
# the package can't be had.
spdx_tools_install() {
  [[ -z ${SPDX_TOOLS:-} ]] || return 0
  tool_install "spdx-tools-$SPDX_TOOLS_VERSION" _spdx_tools_build
  SPDX_TOOLS=$TOOL
}

# spdx_valid FILE: succeeds if the document is what SPDX says one is; reasons go to standard output.
spdx_valid() { "$SPDX_TOOLS" --infile "$1"; }

_spdx_tools_build() {
  # The environment stays beside the program, which names it.
  local place=${1%/*}/spdx-tools-$SPDX_TOOLS_VERSION.venv
  rm -rf -- "$place"
  python3 -m venv "$place" >&2
  "$place/bin/pip" install --quiet "spdx-tools==$SPDX_TOOLS_VERSION" >&2
  printf '#!/bin/sh\nexec %q "$@"\n' "$place/bin/pyspdxtools" >"$1/program"
  chmod +x "$1/program"
}
