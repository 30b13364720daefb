# shellcheck shell=bash
# shellcheck disable=SC2034 # what the functions set is for the tests
# A web server whose faults are scripted; faulty_server.py says what a script can do.

# faulty_serve DIRECTORY: serves its files. faulty_proxy URL: stands in front of an http server. Both
# start without faults and set
#   FAULTY         host:port
#   FAULTY_URL     http://host:port
#   FAULTY_LOG     requests as JSON lines; call faulty_settle before reading it
#   FAULTY_SCRIPT  the script; replace it with faulty_script
faulty_serve() {
  _faulty_start --root "$1"
}

faulty_proxy() {
  _faulty_start --upstream "$1"
}

# faulty_script JSON: from now on these are the faults, counted from zero. Example:
#   faulty_script '[{"match": "GET .*/blobs/", "times": 2, "action": {"status": 503}}]'
faulty_script() {
  printf '%s\n' "$1" >"$FAULTY_SCRIPT.new"
  # At once, so that the server never reads half a script.
  mv -- "$FAULTY_SCRIPT.new" "$FAULTY_SCRIPT"
}

# faulty_settle: returns when the log has every request that has been answered.
faulty_settle() {
  curl --silent --fail --output /dev/null "$FAULTY_URL/.faulty-server/settled"
}

# faulty_count REGEX: prints how many requests matched "METHOD path?query" since the start or the last
# faulty_forget.
faulty_count() {
  faulty_settle
  jq --slurp --arg regex "$1" 'map(select("\(.method) \(.path)" | test($regex))) | length' "$FAULTY_LOG"
}

# faulty_forget: empties the log.
faulty_forget() {
  faulty_settle
  : >"$FAULTY_LOG"
}

_faulty_start() {
  local directory
  directory=$(fixture_subdirectory faulty)
  FAULTY_LOG=$directory/requests.jsonl
  FAULTY_SCRIPT=$directory/script.json
  faulty_script '[]'
  process_start "$directory/log" "$PYTHON" "$FIXTURE_HOME/faulty_server.py" "$@" \
    --script "$FAULTY_SCRIPT" --log "$FAULTY_LOG" --port-file "$directory/port"
  process_await "$PROCESS_PID" "$directory/log" test -s "$directory/port"
  FAULTY=127.0.0.1:$(<"$directory/port")
  FAULTY_URL=http://$FAULTY
}
