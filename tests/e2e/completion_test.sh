#!/usr/bin/env bash
# Completion, by the shells themselves: commands, options of nested commands, and the names that a
# command takes; what is hidden from help is hidden from all of them and from the manual.
set -euo pipefail
source "$(dirname "$0")/lib.sh"
e2e_begin
WORKSPACE=$(fixture_subdirectory workspace)
mkdir "$WORKSPACE/forks" "$WORKSPACE/recipes"
touch "$WORKSPACE"/forks/{glass,lead}.yaml "$WORKSPACE"/recipes/{pane,door}.yaml
cd "$WORKSPACE"
for shell in bash zsh fish; do "$CULLET" completion "$shell" >"$FIXTURE_DIR/$shell"; done

# offers EXPECTED WORD...: every shell offers this after these words, the last of which is being
# typed; withholds: none does. in_bash, in_fish: what that shell offers, one per line.
in_bash() {
  bash -c 'source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _cullet; printf "%s\n" "${COMPREPLY[@]}"' \
    bash "$FIXTURE_DIR/bash" "$@"
}
in_fish() { fish --no-config -c 'source $argv[1]; complete -C "$argv[2]"' "$FIXTURE_DIR/fish" "$*" | cut -f 1; }
shells=(bash)
if command -v fish >/dev/null; then
  shells+=(fish)
  fish --no-execute "$FIXTURE_DIR/fish"
else
  echo 'skipped: there is no fish'
fi
offers() {
  local shell wanted=$1
  shift
  for shell in "${shells[@]}"; do
    "in_$shell" "$@" >"$FIXTURE_DIR/offered" 2>"$FIXTURE_DIR/err" || { cat "$FIXTURE_DIR/err"; return 1; }
    [[ ! -s $FIXTURE_DIR/err ]] || { cat "$FIXTURE_DIR/err"; return 1; }
    grep -qxF -e "$wanted" "$FIXTURE_DIR/offered" ||
      { echo "FAILED: $shell offers no $wanted after: $*"; cat "$FIXTURE_DIR/offered"; exit 1; }
  done
  echo "ok: ${shells[*]}: $* → $wanted"
}
withholds() {
  local shell unwanted=$1
  shift
  for shell in "${shells[@]}"; do
    "in_$shell" "$@" >"$FIXTURE_DIR/offered"
    ! grep -qxF -e "$unwanted" "$FIXTURE_DIR/offered" ||
      { echo "FAILED: $shell offers $unwanted after: $*"; exit 1; }
  done
  echo "ok: ${shells[*]}: $* → no $unwanted"
}

offers upstream cullet up
offers build cullet upstream bu
offers --older-than cullet store gc --o
offers --fixes cullet patch add --fi
offers --abort cullet --json patch edit --a
offers --json cullet patch add --js
offers --affected-by cullet build --aff
withholds --affected-by cullet upstream build --aff
offers --forbid cullet upstream build --fo
withholds --forbid cullet build --fo
for command in build plan shell verify sign push ls cat diff explain attestations reproduce 'inputs list' 'inputs export'; do
  # shellcheck disable=SC2086 # a command of two words
  offers pane cullet $command pa
done
for command in 'fork sync' 'fork import' 'patch add' 'patch list' 'patch show' 'patch drop' 'patch edit' 'patch save' \
  upstream 'upstream build'; do
  # shellcheck disable=SC2086
  offers glass cullet $command gl
  # shellcheck disable=SC2086
  withholds pane cullet $command pa
done
withholds glass cullet build gl
withholds --other-machine cullet build --other

"$CULLET" man | sed 's/\\-/-/g' >"$FIXTURE_DIR/man"
for text in "$FIXTURE_DIR"/{bash,zsh,fish,man}; do
  grep -q -e affected-by "$text"
  ! grep -e other-machine "$text" || { echo "FAILED: $text tells of a hidden option"; exit 1; }
done
if command -v zsh >/dev/null; then
  same "$(zsh -f -c 'autoload -U compinit && compinit -D -u; source "$1"; print -r -- "$_comps[cullet]"' zsh "$FIXTURE_DIR/zsh")" \
    '_bash_complete -o default -F _cullet' 'zsh takes the script'
else
  echo 'skipped: there is no zsh'
fi
