# shellcheck shell=bash
# The compile steps of zlib and nginx alone, in bubblewrap with as much isolation as cullet asks for:
# what a change of zlib takes at least. Sourced by the rows that hold themselves against it.

# result WORKSPACE KIND SUBJECT FIELD: of the record of an action that was run.
result() {
  local key
  key=$(cd "$1" && "$CULLET" plan nginx --all --json |
    jq -r --arg kind "$2" --arg subject "$3" '.actions[] | select(.action == $kind and .subject == $subject) | .key')
  key=${key#sha256:}
  record "$key" | jq -r ".value.$4"
}
tree_of() { printf '%s/trees/%s/root\n' "$CULLET_STORE" "$(result "$1" "$2" "$3" tree | cut -d: -f2)"; }

# alone_begin WORKSPACE: takes the trees of its nginx, which is built and has no patch.
alone_begin() {
  local recipe
  ALONE_ROOTFS=$WORK/rootfs
  cp -a "$(tree_of "$1" environment c)" "$ALONE_ROOTFS"
  chmod -R u+w "$ALONE_ROOTFS"
  cp -a "$(tree_of "$1" component pcre2)/." "$ALONE_ROOTFS/"
  cp -a "$(tree_of "$1" component zlib)/." "$ALONE_ROOTFS/"
  mkdir -p "$ALONE_ROOTFS/build" "$ALONE_ROOTFS/out"
  declare -gA ALONE_SOURCE ALONE_EPOCH
  for recipe in zlib nginx; do
    ALONE_SOURCE[$recipe]=$(tree_of "$1" source "$recipe")
    ALONE_EPOCH[$recipe]=$(result "$1" source "$recipe" epoch)
  done
}
alone_end() { rm -rf "$ALONE_ROOTFS" "$WORK/alone" "$WORK/zlib"; }

# zlib_changed TEXT: makes $WORK/zlib/b/deflate.c, with TEXT in a string constant, and the patch
# $WORK/zlib/change.patch. What a TEXT gives is in the store afterwards: each row has its own.
zlib_changed() {
  mkdir -p "$WORK/zlib/a" "$WORK/zlib/b"
  cp "${ALONE_SOURCE[zlib]}/deflate.c" "$WORK/zlib/a"
  sed "s/Copyright 1995-2022 Jean-loup/Copyright 1995-2022 ($1) Jean-loup/" "${ALONE_SOURCE[zlib]}/deflate.c" \
    >"$WORK/zlib/b/deflate.c"
  (cd "$WORK/zlib" && diff -u a/deflate.c b/deflate.c >change.patch) || true
}

steps_of() { python3 -c 'import sys, yaml
r = yaml.safe_load(open(sys.argv[1]))
for step in r["steps"] + r.get("check", []): sys.stdout.write(step["run"] + "\0")' "$BENCH_ROOT/recipes/$1.yaml"; }
variables_of() { python3 -c 'import sys, yaml
for k, v in yaml.safe_load(open(sys.argv[1])).get("env", {}).items(): sys.stdout.write(f"--setenv\0{k}\0{v}\0")' "$BENCH_ROOT/recipes/$1.yaml"; }
alone_prepare() { # copies are not timed
  rm -rf "$WORK/alone" && mkdir -p "$WORK/alone/zlib-out" "$WORK/alone/nginx-out"
  cp -r "${ALONE_SOURCE[zlib]}" "$WORK/alone/zlib"
  cp "$WORK/zlib/b/deflate.c" "$WORK/alone/zlib"
  cp -r "${ALONE_SOURCE[nginx]}" "$WORK/alone/nginx"
  chmod -R u+w "$WORK/alone"
}
alone() {
  local recipe step variables
  for recipe in zlib nginx; do
    mapfile -d '' variables < <(variables_of "$recipe")
    while IFS= read -r -d '' step; do
      bwrap --unshare-all --unshare-user --uid 1000 --gid 1000 --die-with-parent --new-session --clearenv \
        --setenv PATH /usr/sbin:/usr/bin:/sbin:/bin --setenv HOME /tmp --setenv JOBS "$(nproc)" --setenv OUT /out \
        --setenv SOURCE_DATE_EPOCH "${ALONE_EPOCH[$recipe]}" "${variables[@]}" \
        --bind "$ALONE_ROOTFS" / --proc /proc --dev /dev --tmpfs /tmp \
        --bind "$WORK/alone/$recipe" /build --bind "$WORK/alone/$recipe-out" /out --chdir /build \
        /bin/sh -e -c "$step" || return 1
    done < <(steps_of "$recipe")
  done
}
