# shellcheck shell=bash
# Asking the upstreams of 50 forks, over http, with nothing new: seconds and requests; beside a loop
# of git ls-remote, which asks the same.

followed_workspace "$WORK/upstream" 50 v1.90
"$CULLET" -C "$WORK/upstream" upstream >/dev/null 2>&1
faulty_forget
"$CULLET" -C "$WORK/upstream" upstream >/dev/null 2>&1
fact '50 upstreams, nothing new' "$(faulty_count .) requests"
for ((run = 0; run < BENCH_RUNS; run++)); do
  timed upstream "$CULLET" -C "$WORK/upstream" upstream
  timed ls-remote ls_remote_all 50
done
row '50 upstreams, nothing new' upstream '50 × git ls-remote' ls-remote
followed_end
