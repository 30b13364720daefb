# shellcheck shell=bash
# An unchanged day in CI: scripts/upstream-ci, as a pipeline runs it, in a workspace of 50 forks whose
# upstreams have nothing new. Seconds, requests, and programs that were started.

followed_workspace "$WORK/unchanged" 50 v1.99
day() { (cd "$WORK/unchanged" && CULLET=$CULLET "$BENCH_ROOT/scripts/upstream-ci"); }
day >/dev/null 2>&1
faulty_forget
day >/dev/null 2>&1
fact 'an unchanged day, 50 forks' "$(faulty_count .) requests, $(jq -c '[.forks[].outcome] | unique' "$WORK/unchanged/upstream-reports/upstream.json")"
strace -f -qq -e trace=execve -e status=successful -o "$WORK/strace" bash -c "cd '$WORK/unchanged' && CULLET='$CULLET' '$BENCH_ROOT/scripts/upstream-ci'" >/dev/null 2>&1
fact 'an unchanged day, 50 forks' "$(($(grep -c execve "$WORK/strace") - 1)) programs started: $(grep -oE 'execve\("[^"]*' "$WORK/strace" | tail -n +2 | sed 's|.*/||' | sort | uniq -c | awk '{printf "%s%s × %s", (NR > 1 ? ", " : ""), $1, $2}')"
for ((run = 0; run < BENCH_RUNS; run++)); do
  timed unchanged day
  timed unchanged-ls-remote ls_remote_all 50
done
row 'an unchanged day in CI, 50 forks' unchanged '50 × git ls-remote' unchanged-ls-remote
followed_end
