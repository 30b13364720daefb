# shellcheck shell=bash
# Planning 1,000 and 10,000 recipes, each with a fork, needs, outputs and an image.

plan_workspace() {
  local i
  mkdir -p "$1/forks" "$1/recipes"
  cp "$BENCH_ROOT"/{cullet.yaml,cullet.lock} "$1"
  for ((i = 0; i < $2; i++)); do
    printf 'upstream: https://git.example.com/f%s.git\nurl: https://git.example.com/f%s.git\npin: { commit: %040x, version: 1.%s }\n' \
      "$i" "$i" "$i" "$i" >"$1/forks/f$i.yaml"
    {
      printf 'fork: f%s\nenvironment: c\n' "$i"
      ((i < 2 || i % 10 == 0)) || printf 'needs: [r%s:lib]\n' "$((i - 1))"
      printf 'steps:\n  - run: ./configure --prefix=/usr\n  - run: make -j"$JOBS"\n  - run: make install DESTDIR="$OUT"\n'
      printf 'check:\n  - run: make test\noutputs:\n  lib: ["usr/lib/*.so*"]\n  dev: ["usr/include/**", "usr/lib/*.a"]\n'
      printf 'image:\n  contents: [r%s:lib]\n  config: { entrypoint: [/usr/bin/x] }\n' "$i"
    } >"$1/recipes/r$i.yaml"
  done
}
for count in 1000 10000; do
  plan_workspace "$WORK/plan-$count" "$count"
  for ((run = 0; run < BENCH_RUNS * 4; run++)); do
    timed "plan-$count" "$CULLET" -C "$WORK/plan-$count" plan
  done
  fact "plan $count recipes" "$(median "plan-$count") s"
done
