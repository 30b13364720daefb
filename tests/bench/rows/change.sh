# shellcheck shell=bash
# One line changed in zlib → nginx rebuilt, tested, signed and pushed to a docker-registry, beside
# the same compile steps alone in bubblewrap; and what such a push costs the registry.

workspace=$WORK/change
workspace_new "$workspace"
registry_start anonymous
change_build() { (cd "$workspace" && "$CULLET" build nginx --push "$REGISTRY/bench/nginx:latest"); }
printf 'building nginx\n' >&2
change_build >/dev/null

# result KIND SUBJECT FIELD: of the record of an action that was run.
result() {
  local key
  key=$(cd "$workspace" && "$CULLET" plan nginx --all --json |
    jq -r --arg kind "$1" --arg subject "$2" '.actions[] | select(.action == $kind and .subject == $subject) | .key')
  key=${key#sha256:}
  jq -r ".value.$3" "$CULLET_STORE/actions/${key:0:2}/$key"
}
tree_of() { printf '%s/trees/%s/root\n' "$CULLET_STORE" "$(result "$1" "$2" tree | cut -d: -f2)"; }

# change_zlib N: another text in a string constant, by a patch of one line.
zlib_source=$(tree_of source zlib)
change_zlib() {
  mkdir -p "$WORK/zlib/a" "$WORK/zlib/b" "$workspace/forks/zlib"
  cp "$zlib_source/deflate.c" "$WORK/zlib/a"
  sed "s/Copyright 1995-2022 Jean-loup/Copyright 1995-2022 ($1) Jean-loup/" "$zlib_source/deflate.c" >"$WORK/zlib/b/deflate.c"
  (cd "$WORK/zlib" && diff -u a/deflate.c b/deflate.c >"$workspace/forks/zlib/change.patch") || true
  cp "$BENCH_ROOT/forks/zlib.yaml" "$workspace/forks/zlib.yaml"
  cat >>"$workspace/forks/zlib.yaml" <<'END_PATCH'
patches:
  - { file: zlib/change.patch, reason: a changed line, added: 2026-01-01 }
END_PATCH
}

# The same steps in copies of the same trees, by bubblewrap with as much isolation as cullet asks for.
steps_of() { python3 -c 'import sys, yaml
r = yaml.safe_load(open(sys.argv[1]))
for step in r["steps"] + r.get("check", []): sys.stdout.write(step["run"] + "\0")' "$BENCH_ROOT/recipes/$1.yaml"; }
variables_of() { python3 -c 'import sys, yaml
for k, v in yaml.safe_load(open(sys.argv[1])).get("env", {}).items(): sys.stdout.write(f"--setenv\0{k}\0{v}\0")' "$BENCH_ROOT/recipes/$1.yaml"; }
rootfs=$WORK/rootfs
cp -a "$(tree_of environment c)" "$rootfs"
chmod -R u+w "$rootfs"
cp -a "$(tree_of component pcre2)/." "$rootfs/"
cp -a "$(tree_of component zlib)/." "$rootfs/"
nginx_source=$(tree_of source nginx)
alone_prepare() { # copies are not timed
  rm -rf "$WORK/alone" && mkdir -p "$WORK/alone/zlib-out" "$WORK/alone/nginx-out"
  cp -r "$zlib_source" "$WORK/alone/zlib"
  cp "$WORK/zlib/b/deflate.c" "$WORK/alone/zlib"
  cp -r "$nginx_source" "$WORK/alone/nginx"
  chmod -R u+w "$WORK/alone"
}
alone() {
  local recipe step variables
  for recipe in zlib nginx; do
    mapfile -d '' variables < <(variables_of "$recipe")
    while IFS= read -r -d '' step; do
      bwrap --unshare-all --unshare-user --uid 1000 --gid 1000 --die-with-parent --new-session --clearenv \
        --setenv PATH /usr/sbin:/usr/bin:/sbin:/bin --setenv HOME /tmp --setenv JOBS "$(nproc)" --setenv OUT /out \
        --setenv SOURCE_DATE_EPOCH "$(result source "$recipe" epoch)" "${variables[@]}" \
        --bind "$rootfs" / --proc /proc --dev /dev --tmpfs /tmp \
        --bind "$WORK/alone/$recipe" /build --bind "$WORK/alone/$recipe-out" /out --chdir /build \
        /bin/sh -e -c "$step" || return 1
    done < <(steps_of "$recipe")
  done
}
mkdir -p "$rootfs/build" "$rootfs/out"
for ((run = 0; run < BENCH_RUNS; run++)); do
  change_zlib "$run"
  timed change change_build
  alone_prepare
  timed alone alone
done
row 'a line of zlib → nginx pushed' change 'the same steps in bwrap' alone

# requests COMMAND...: what it asks of the registry, by the system calls that send.
requests() { strace -f -e trace=sendto,sendmsg,write -s 64 -o "$WORK/strace" "$@" >/dev/null 2>&1; grep -cE '"(GET|HEAD|POST|PUT|PATCH) /v2/' "$WORK/strace"; }
again=("$CULLET" -C "$workspace" push nginx "$REGISTRY/bench/again:latest")
"${again[@]}" >/dev/null
fact 'pushing what is there already' "$(requests "${again[@]}") requests"
before=$(du -sb "$REGISTRY_DIR/storage" | cut -f1)
change_zlib sizes
change_build >/dev/null
after=$(du -sb "$REGISTRY_DIR/storage" | cut -f1)
layer=$(cd "$workspace" && "$CULLET" plan nginx --all --json | jq -r '.actions[] | select(.action == "layer" and (.subject | test("zlib"))) | .key' | cut -d: -f2)
fact 'registry grows by a changed line' "$((after - before)) bytes; zlib's layer is $(jq -r .value.blob.size "$CULLET_STORE/actions/${layer:0:2}/$layer") bytes"
registry_stop
rm -rf "$rootfs" "$WORK/alone"
