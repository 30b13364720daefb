# shellcheck shell=bash
# Asking the upstreams of 50 forks, over http, with nothing new: seconds and requests; beside a loop
# of git ls-remote, which asks the same.

upstream_workspace() {
  local i repository=$WORK/upstream/served/x.git
  mkdir -p "$WORK/upstream/forks" "$WORK/upstream/recipes" "$WORK/upstream/served"
  cp "$BENCH_ROOT"/{cullet.yaml,cullet.lock} "$WORK/upstream"
  git init -q -b main "$repository"
  for ((i = 0; i < 100; i++)); do
    git -C "$repository" -c user.name=bench -c user.email=bench@example.com commit -q --allow-empty -m "$i"
    git -C "$repository" tag "v1.$i"
  done
  for ((i = 1; i <= 50; i++)); do
    cp -r "$repository/.git" "$WORK/upstream/served/f$i.git"
    printf 'upstream: %s\ntrack: { tags: "v*" }\nurl: %s\npin: { commit: %s, version: 1.90 }\n' \
      "$FAULTY_URL/f$i.git" "$FAULTY_URL/f$i.git" "$(git -C "$repository" rev-parse v1.90)" \
      >"$WORK/upstream/forks/f$i.yaml"
  done
}
git_http_start "$(mkdir -p "$WORK/upstream/served" && echo "$WORK/upstream/served")"
faulty_proxy "$GIT_HTTP_URL"
upstream_workspace
"$CULLET" -C "$WORK/upstream" upstream >/dev/null 2>&1
faulty_forget
"$CULLET" -C "$WORK/upstream" upstream >/dev/null 2>&1
fact '50 upstreams, nothing new' "$(faulty_count .) requests"
ls_remote_all() { for ((i = 1; i <= 50; i++)); do git ls-remote -q "$FAULTY_URL/f$i.git" || return 1; done; }
for ((run = 0; run < BENCH_RUNS; run++)); do
  timed upstream "$CULLET" -C "$WORK/upstream" upstream
  timed ls-remote ls_remote_all
done
row '50 upstreams, nothing new' upstream '50 × git ls-remote' ls-remote
