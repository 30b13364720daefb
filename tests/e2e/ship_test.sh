#!/usr/bin/env bash
# A patch under way: what it reaches is rebuilt, nothing else changes, and the images say so.
set -euo pipefail
source "$(dirname "$0")/lib.sh"
e2e_begin
workspace_new

# A library, linked statically into one program, and a program that has nothing to do with it.
library_new() {
  FORK_REPOSITORY=$(fixture_subdirectory repository)
  cat >"$FORK_REPOSITORY/Makefile" <<'END'
libshard.a: shard.c ; $(CC) -O2 -c shard.c && ar rcs $@ shard.o
install:
	install -D -m 644 libshard.a $(DESTDIR)/usr/lib/libshard.a
	install -D -m 644 shard.h $(DESTDIR)/usr/include/shard.h
	install -D -m 644 shard.c $(DESTDIR)/usr/share/shard/source.c
	ln -s "$$(printf 'to\377')$$(cksum <shard.c | cut -c1-5)" $(DESTDIR)/usr/share/shard/link
END
  printf 'int shard(void);\n' >"$FORK_REPOSITORY/shard.h"
  printf '#include "shard.h"\nint shard(void) { return 1; }\n' >"$FORK_REPOSITORY/shard.c"
  repository_commit shard
  cat >"$WORKSPACE/recipes/shard.yaml" <<'END'
fork: shard
environment: c
steps:
  - run: make CC=gcc && make install DESTDIR="$OUT"
outputs: { dev: ["usr/lib/**", "usr/include/**"], data: ["usr/share/**"] }
END
  SHARD=$FORK_REPOSITORY
}
library_new
fork_new frame
fork_new pane
cat >"$FORK_REPOSITORY/hello.c" <<'END'
#include <shard.h>
#include <stdio.h>
int main(void) { printf("shard %d\n", shard()); return 0; }
END
sed -i 's/ hello.c$/ hello.c -lshard/' "$FORK_REPOSITORY/Makefile"
git_do add --all && git_do commit --quiet --message=shard && fork_pin pane
recipe() { # MOTD
  cat >"$WORKSPACE/recipes/pane.yaml" <<END
fork: pane
environment: c
needs: [shard:dev]
steps:
  - run: make CC=gcc && make install DESTDIR="\$OUT"
image:
  contents: [pane, shard:data]
  files: [{ path: /etc/motd, text: "$1" }]
  tags: ["{version}", latest]
  config: { entrypoint: [/bin/hello] }
END
}
recipe one
cat >>"$WORKSPACE/recipes/frame.yaml" <<'END'
  tags: ["{version}", latest]
END
sed -i 's/contents: \[frame\]/contents: [frame, { packages: [libc6] }]/' "$WORKSPACE/recipes/frame.yaml"

tag() { in_workspace skopeo inspect --raw "oci:.cullet/registry/$1:$2" 2>/dev/null | sha256sum | sed 's/ .*//; s/^/sha256:/'; }
tags() { jq -r '.manifests[].annotations["org.opencontainers.image.ref.name"] // empty' \
  "$WORKSPACE/.cullet/registry/$1/index.json" | grep -v ^sha256- | sort | paste -sd ' '; }

remote_tags() { "${REGISTRY_CURL[@]}" --fail "$REGISTRY_URL/v2/$1/tags/list" | jq -r '.tags[]' | grep -v ^sha256- | sort | paste -sd ' '; }

in_workspace "$CULLET" build pane frame --json >"$FIXTURE_DIR/first.json"
before=$(tag pane latest) frame=$(tag frame latest)
same "$(tag pane 1.0.0)" "$before" 'without a patch, the version is tagged too'
in_workspace skopeo inspect --raw oci:.cullet/registry/pane:1.0.0 |
  holds '.annotations | has("org.cullet.patches") | not'
echo 'ok: an image without patches says nothing of patches'

# --- the patch, and whom it concerns ---
mkdir -p "$WORKSPACE/forks/shard"
patch_new() { # NUMBER
  sed "s/return 1/return $1/" "$SHARD/shard.c" >"$FIXTURE_DIR/shard.c"
  diff -u --label a/shard.c --label b/shard.c "$SHARD/shard.c" "$FIXTURE_DIR/shard.c" \
    >"$WORKSPACE/forks/shard/fix.patch" || true
}
patch_new 2
cat >>"$WORKSPACE/forks/shard.yaml" <<'END'
patches:
  - file: shard/fix.patch
    fixes: [CVE-2024-0002]
    reason: the shard is sharp
    added: 2024-06-01
    by: Ann Glazier
    expires: 2099-12-31
END
for name in shard CVE-2024-0002 fork:shard advisory:CVE-2024-0002; do
  in_workspace "$CULLET" affected "$name" --json >"$FIXTURE_DIR/affected.json"
  same "$(jq -c '[[.components[].recipe], [.images[].recipe]]' "$FIXTURE_DIR/affected.json")" \
    '[["shard","pane"],["pane"]]' "affected $name"
done
same "$(in_workspace "$CULLET" affected shard | tail -n 1)" \
  'image  pane: fork shard → component shard → image pane, which holds shard:data' 'the shortest way is shown'
same "$(in_workspace "$CULLET" affected libc6 --json | jq -c '[.kind, (.images[] | select(.recipe == "frame") | .path[-1])]')" \
  '["package","image frame"]' 'a package is found in images'
same "$(in_workspace "$CULLET" affected libgcc-12-dev --json | jq -c '.components[] | select(.recipe == "frame") | .path[1:]' | cut -c1-22)" \
  '["which comes with gcc' 'and beside steps, with what brought it'
expect 1 "did you mean 'shard'?" "$CULLET" affected shrad
expect 2 'name none' "$CULLET" build pane --affected-by shard
expect 2 '--allow goes with --affected-by or --push' "$CULLET" build pane --allow 'etc/*'
expect 1 'no image holds anything of' "$CULLET" build --affected-by busybox-static

# --- something else changes at the same time: refused, and nothing moves ---
recipe two
expect 3 'changes outside of what the advisory CVE-2024-0002 reaches: 1 file' \
  "$CULLET" build --affected-by CVE-2024-0002
grep -qF 'etc/motd: changed, content, 3 B → 3 B' "$FIXTURE_DIR/err"
grep -qE 'in files \(layer sha256:[0-9a-f]{64}\); changed: files pane: files' "$FIXTURE_DIR/err"
echo 'ok: the error names file, layer and input'
expect 3 'changed: files pane: files' "$CULLET" build --affected-by CVE-2024-0002
expect 3 'changes outside' "$CULLET" build --affected-by CVE-2024-0002 --json
same "$(jq -r '"\(.refused) \(.recipe) \([.image.change.files[] | select(.inside or .allowed | not).path])"' "$FIXTURE_DIR/out")" \
  'true pane ["etc/motd"]' 'and so does the record'
same "$(tag pane latest) $(tags pane)" "$before 1.0.0 latest" 'the old tags stand'
in_workspace "$CULLET" build --affected-by shard --allow 'usr/**' --json >/dev/null 2>&1 &&
  { echo 'FAILED: another path was allowed'; exit 1; }
sed -i 's/entrypoint: \[\/bin\/hello\]/entrypoint: [\/bin\/hello], user: "7:7"/' "$WORKSPACE/recipes/pane.yaml"
expect 3 '@config/user: changed' "$CULLET" build --affected-by shard --allow etc/motd
same "$(tag pane latest) $(tags pane)" "$before 1.0.0 latest" 'the old tags stand'

# --- the patch alone ---
recipe one
ship=("$CULLET" build --affected-by CVE-2024-0002 --author 'A. Glazier' --json)
in_workspace "${ship[@]}" >"$FIXTURE_DIR/patched.json"
same "$(jq -c '[.recipe, (.components[] | [.recipe, .cached])]' "$FIXTURE_DIR/patched.json")" \
  '["pane",["shard",true],["pane",true]]' 'what a refused build made is there'
same "$(jq -c '[.image.change.files[] | [.path, .change, .content, .inside]]' "$FIXTURE_DIR/patched.json")" \
  '[["bin/hello","changed","pane",true],["usr/share/shard/link","changed","shard:data",true],["usr/share/shard/source.c","changed","shard:data",true]]' \
  'the files that changed, and no other'
jq -r '.image.change.files[1].what' "$FIXTURE_DIR/patched.json" | grep -qE '^target to\\xff[0-9]+ → to\\xff[0-9]+$'
echo 'ok: a target that is not UTF-8 is told'
same "$(jq -c '[.image.change.layers[].content] | sort' "$FIXTURE_DIR/patched.json")" '["pane","shard:data"]' \
  'the layers that changed, and no other'
patched=$(jq -r .image.digest "$FIXTURE_DIR/patched.json")
same "$(tags pane)" '1.0.0 1.0.0-bg.1 latest' 'a patched image gets a tag of its own'
same "$(tag pane 1.0.0) $(tag pane 1.0.0-bg.1) $(tag pane latest)" "$before $patched $patched" \
  'the version stays, what moves moves'
same "$(tag frame latest) $(tags frame)" "$frame 1.0.0 latest" 'the other image is as it was'
same "$(in_workspace "$CULLET" ls pane --json | jq -r .digest)" "$patched" 'the bare name means the patched image'
in_workspace skopeo inspect --raw oci:.cullet/registry/pane:1.0.0-bg.1 |
  jq -r '.annotations["org.cullet.patches"]' >"$FIXTURE_DIR/patches.json"
sha256=sha256:$(sha256sum <"$WORKSPACE/forks/shard/fix.patch" | cut -d' ' -f1)
same "$(<"$FIXTURE_DIR/patches.json")" \
  '[{"added":"2024-06-01","by":"Ann Glazier","expires":"2099-12-31","fixes":["CVE-2024-0002"],"fork":"shard","patch":"shard/fix.patch","reason":"the shard is sharp","sha256":"'"$sha256"'","version":"1.0.0"}]' \
  'the image says what it carries'
same "$(grep -lR '"action":"change"\|"recipe":"pane"' "$CULLET_STORE/actions" | xargs grep -l "$patched" | wc -l | tr -d ' ' | sed 's/^[1-9][0-9]*$/kept/')" \
  kept 'the change is kept in the store'

# --- once more: nothing to do, no passphrase, the same tag and as many referrers ---
index=$(sha256sum <"$WORKSPACE/.cullet/registry/pane/index.json")
(unset CULLET_PASSPHRASE && in_workspace "${ship[@]}" --offline </dev/null >"$FIXTURE_DIR/again.json")
same "$(jq -r '.image | [.digest, .tags[]] | join(" ")' "$FIXTURE_DIR/again.json")" "$patched 1.0.0-bg.1 latest" \
  'the same digest keeps its tag'
same "$(sha256sum <"$WORKSPACE/.cullet/registry/pane/index.json")" "$index" 'and nothing was added'

# --- VEX, as a signed statement about the digest ---
vex() { # prints the documents of pane
  local carrier layer
  for carrier in $(jq -r '.manifests[] | select(.annotations["in-toto.io/predicate-type"] == "https://openvex.dev/ns") | .digest' \
    "$WORKSPACE/.cullet/registry/pane/index.json"); do
    layer=$(jq -r '.layers[0].digest' "$WORKSPACE/.cullet/registry/pane/blobs/sha256/${carrier#*:}")
    jq -r .dsseEnvelope.payload "$WORKSPACE/.cullet/registry/pane/blobs/sha256/${layer#*:}" | base64 -d
  done
}
vex >"$FIXTURE_DIR/vex.json"
same "$(jq -c '[.subject[0].digest.sha256, .predicate.author, .predicate["@context"]]' "$FIXTURE_DIR/vex.json")" \
  "[\"${patched#*:}\",\"A. Glazier\",\"https://openvex.dev/ns/v0.2.0\"]" 'VEX is about the patched image'
same "$(jq -c '.predicate.statements[] | [.vulnerability.name, .status, .products[0]["@id"], .products[0].subcomponents[0]["@id"]]' "$FIXTURE_DIR/vex.json")" \
  '["CVE-2024-0002","fixed","pkg:oci/pane@sha256%3A'"${patched#*:}"'","pkg:generic/shard@1.0.0"]' 'it says what is fixed'
grep -qF "$sha256" "$FIXTURE_DIR/vex.json"
echo 'ok: and with which patch'

# --- what belongs to it is allowed by name; numbers count up ---
recipe two
in_workspace "$CULLET" build --affected-by shard --allow etc/motd --json >"$FIXTURE_DIR/allowed.json"
same "$(jq -c '[.image.tags[0], (.image.change.files[] | [.path, .allowed])]' "$FIXTURE_DIR/allowed.json")" \
  '["1.0.0-bg.2",["etc/motd",true]]' 'an allowed change, with the next number'
recipe one
in_workspace "$CULLET" build --affected-by shard --allow etc/motd --json >"$FIXTURE_DIR/back.json"
same "$(jq -r '.image | [.digest, .tags[]] | join(" ")' "$FIXTURE_DIR/back.json")" "$patched 1.0.0-bg.1 latest" \
  'the image before has its number still, and is the latest again'

# --- a registry, by prefix; a number that is taken there by another image is not taken again ---
registry_start
in_workspace "${ship[@]}" --push "$REGISTRY/prod" >"$FIXTURE_DIR/pushed.json"
same "$(jq -r '.image.pushed[0].reference' "$FIXTURE_DIR/pushed.json")" "$REGISTRY/prod/pane:1.0.0-bg.1" 'pushed below the prefix'
in_workspace "$CULLET" verify "$REGISTRY/prod/pane:latest" --key keys/release.pub >/dev/null
same "$(remote_tags prod/pane)" \
  '1.0.0-bg.1 latest' 'what is pushed has no tag of a version without patches'
in_workspace "$CULLET" attestations "$REGISTRY/prod/pane:latest" --type vex |
  jq -r '.statements[0].products[]["@id"]' >"$FIXTURE_DIR/products"
same "$(paste -sd ' ' "$FIXTURE_DIR/products")" \
  "pkg:oci/pane@sha256%3A${patched#*:}?repository_url=${REGISTRY/:/%3A}%2Fprod%2Fpane pkg:oci/pane@sha256%3A${patched#*:}" \
  'VEX names the image by its place, and by its digest alone'
in_workspace "$CULLET" build frame --cyclonedx >/dev/null
in_workspace "$CULLET" attestations frame --type cyclonedx | holds '.bomFormat == "CycloneDX"'
in_workspace "$CULLET" build frame --no-attest --push "$REGISTRY/bare/frame" >/dev/null
in_workspace "$CULLET" verify "$REGISTRY/bare/frame:latest" --key keys/release.pub >/dev/null
expect 3 '' "$CULLET" attestations "$REGISTRY/bare/frame:latest"
patch_new 3
in_workspace "${ship[@]}" --push "$REGISTRY/prod" >"$FIXTURE_DIR/third.json"
same "$(jq -c '[.image.tags[0], .image.pushed[0].tags[0], .image.pushed[0].change.before]' "$FIXTURE_DIR/third.json")" \
  "[\"1.0.0-bg.3\",\"1.0.0-bg.3\",\"$patched\"]" 'another patch, another number'
sed -i '/^patches:/,$d' "$WORKSPACE/forks/shard.yaml"
in_workspace "$CULLET" build --affected-by shard --json >"$FIXTURE_DIR/dropped.json"
same "$(jq -r '.image | [.digest, .tags[]] | join(" ")' "$FIXTURE_DIR/dropped.json")" "$before 1.0.0 latest" \
  'without the patch it is the image before, and the latest'

# --- an ordinary build with a new patch: told of at home, held to at a push ---
in_workspace "$CULLET" push "pane@$before" "$REGISTRY/gate/pane:latest" >/dev/null
carry() { # NUMBER
  patch_new "$1"
  sed -i '/^patches:/,$d' "$WORKSPACE/forks/shard.yaml"
  printf 'patches:\n  - { file: shard/fix.patch, fixes: [CVE-2024-0002], reason: sharp, added: 2024-06-01 }\n' \
    >>"$WORKSPACE/forks/shard.yaml"
}
carry 4
recipe two
build=("$CULLET" build pane frame --push "$REGISTRY/gate")
expect 3 "changes outside of what the fork shard reaches: 1 file" "${build[@]}"
same "$(remote_tags gate/pane)" latest 'and no tag is new there'
expect 0 'note: pane: 1 of the changes do not come from the patched fork shard' "$CULLET" build pane
grep -qF 'changed  etc/motd' "$FIXTURE_DIR/out"
expect 0 '' "${build[@]}" --allow etc/motd
grep -qF 'changed  etc/motd: content, 3 B → 3 B (allowed)' "$FIXTURE_DIR/out"
recipe three
expect 0 '' "${build[@]}"
[[ $(<"$FIXTURE_DIR/out") != *motd* ]]
echo 'ok: when the patch is no news any more, an image changes as its recipe says'
sed -i '/^patches:/,$d' "$WORKSPACE/forks/shard.yaml"

# --- a tag that says a version stays; in the workspace's own layout it goes with the recipe ---
recipe one
in_workspace "$CULLET" build pane >/dev/null
recipe two
expect 0 "note: pane:1.0.0 was $before in this workspace" "$CULLET" build pane
same "$(tag pane 1.0.0)" "$(tag pane latest)" 'a changed recipe moves what is in the workspace'
in_workspace "$CULLET" verify "pane@$before" --key keys/release.pub >/dev/null
echo 'ok: what it was is there still'
recipe three
in_workspace "$CULLET" push "pane@$before" "$REGISTRY/prod/pane:1.0.0" >/dev/null
expect 3 "the tag '1.0.0' of" "$CULLET" build pane --push "$REGISTRY/prod/pane"
same "$(tag pane 1.0.0)" "$(in_workspace "$CULLET" ls pane --json | jq -r .digest)" 'no tag was moved'
expect 3 "the tag '1.0.0' of" "$CULLET" build pane --push "$REGISTRY/prod/pane:1.0.0"
in_workspace "$CULLET" build pane >/dev/null
expect 3 "the tag '1.0.0' of" "$CULLET" push pane "$REGISTRY/prod/pane:1.0.0"
in_workspace "$CULLET" push pane "$REGISTRY/prod/pane:1.0.0" --force >/dev/null
in_workspace "$CULLET" verify "$REGISTRY/prod/pane:1.0.0" --key keys/release.pub >/dev/null
echo 'ok: a registry holds to it; --force moves it'
sed -i "s|^registry: .*|registry: oci:$FIXTURE_DIR/shared|" "$WORKSPACE/cullet.yaml"
in_workspace "$CULLET" build pane >/dev/null
recipe four
expect 3 "the tag '1.0.0' of" "$CULLET" build pane
expect 0 '' "$CULLET" build pane --force
echo 'ok: and so does a layout outside the workspace'

# --- racing pushers of one tag: each ends with a number of its own ---
sed -i "s|^registry: .*|registry: oci:.cullet/registry|" "$WORKSPACE/cullet.yaml"
racers=()
for racer in 1 2 3 4; do
  cp -r "$WORKSPACE" "$FIXTURE_DIR/racer-$racer"
  rm -rf "$FIXTURE_DIR/racer-$racer/.cullet"
  (WORKSPACE=$FIXTURE_DIR/racer-$racer && patch_new "$((10 + racer))" && carry "$((10 + racer))" &&
    in_workspace "$CULLET" build pane >/dev/null 2>&1) # all is built, what is left is to publish
done
for racer in 1 2 3 4; do # as if on machines of their own
  mkdir "$FIXTURE_DIR/store-$racer"
  cp -al "$CULLET_STORE"/{actions,blobs,forks,latest,trees,version} "$FIXTURE_DIR/store-$racer"
done
race() { # REPOSITORY [STORE]: all at once
  local racer
  racers=()
  for racer in 1 2 3 4; do
    (cd "$FIXTURE_DIR/racer-$racer" && CULLET_STORE=${2:-$CULLET_STORE}${2:+-$racer} exec "$CULLET" build pane --json --push "$1" >"$FIXTURE_DIR/race-$racer" \
      2>"$FIXTURE_DIR/race-err-$racer") &
    racers+=($!)
  done
  for racer in "${racers[@]}"; do wait "$racer" || { cat "$FIXTURE_DIR"/race-err-*; return 1; }; done
}
race "$REGISTRY/race/pane"
same "$(jq -r '.image.pushed[0].tags[0]' "$FIXTURE_DIR"/race-[1-4] | sort | paste -sd ' ')" \
  '1.0.0-bg.1 1.0.0-bg.2 1.0.0-bg.3 1.0.0-bg.4' 'four pushers at once, four tags'
for racer in 1 2 3 4; do
  read -r reference digest < <(jq -r '.image | "\(.pushed[0].reference) \(.digest)"' "$FIXTURE_DIR/race-$racer")
  same "$(in_workspace "$CULLET" ls "$reference" --json | jq -r .digest)" "$digest" "  $reference is its own" >/dev/null
  in_workspace "$CULLET" verify "$reference" --key "$FIXTURE_DIR/racer-$racer/keys/release.pub" >/dev/null
done
echo 'ok: and each of them is signed'
race "oci:$FIXTURE_DIR/race" "$FIXTURE_DIR/store"
same "$(jq -r '.image.pushed[0].tags[0]' "$FIXTURE_DIR"/race-[1-4] | sort -u | wc -l)" 4 'in a layout, too'
