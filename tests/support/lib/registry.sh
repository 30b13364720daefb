# shellcheck shell=bash
# shellcheck disable=SC2034 # what the functions set is for the tests
# A registry: Debian's docker-registry (distribution 2.8.2: no referrers API, so clients must use the
# fallback tag).

TOKEN_SERVER_OPTIONS=()

# registry_start [FEATURE...]: starts a registry on a free port of 127.0.0.1 with its own storage.
#   basic    a name and a password (htpasswd)
#   token    a bearer token from a token server of its own
#   tls      https, certificate by an authority of its own
#   mtls     tls, and a client certificate is required
#   delete   allows DELETE (the registry's default is 405)
# Several may be combined; of basic and token the last counts. TOKEN_SERVER_OPTIONS (array) holds more
# options for token_server.py. Sets
#   REGISTRY                                 host:port
#   REGISTRY_URL                             http://host:port or https://host:port
#   REGISTRY_PID, REGISTRY_DIR               process; directory with storage/ and log
#   REGISTRY_USER, REGISTRY_PASSWORD         empty unless basic or token
#   REGISTRY_CA                              PEM file, empty unless tls or mtls
#   REGISTRY_CERTIFICATE, REGISTRY_KEY       of a client, empty unless mtls
#   REGISTRY_CURL                            array: curl and the options that reach this registry
#   TOKEN_SERVER_LOG                         requests to the token server as JSON lines (token only)
registry_start() {
  local feature auth='' tls='' client_ca='' may_delete=false
  REGISTRY_DIR=$(fixture_subdirectory registry)
  REGISTRY_USER='' REGISTRY_PASSWORD='' REGISTRY_CA='' REGISTRY_CERTIFICATE='' REGISTRY_KEY=''
  REGISTRY_CURL=(curl --silent --show-error)
  for feature in "$@"; do
    case $feature in
      anonymous) ;;
      basic | token) auth=$feature ;;
      tls) tls=yes ;;
      mtls) tls=yes client_ca=yes ;;
      delete) may_delete=true ;;
      *) printf 'registry_start: no feature %s\n' "$feature" >&2 && return 2 ;;
    esac
  done
  [[ -z $tls ]] || _registry_tls
  [[ -z $client_ca ]] || _registry_client_certificate
  [[ -z $auth ]] || "_registry_$auth"
  {
    # Port 0 lets the kernel choose, which no other process can race; "listening on" in the log
    # (level info) then tells which.
    printf 'version: 0.1\nlog: {level: info, accesslog: {disabled: true}}\n'
    printf 'storage:\n  filesystem: {rootdirectory: %s/storage}\n' "$REGISTRY_DIR"
    printf '  delete: {enabled: %s}\n' "$may_delete"
    # Its first run would come within the hour and delete uploads that a test wants to resume.
    printf '  maintenance: {uploadpurging: {enabled: false}}\n'
    printf 'http:\n  addr: 127.0.0.1:0\n'
    if [[ -n $tls ]]; then
      printf '  tls:\n    certificate: %s\n    key: %s\n' "$REGISTRY_DIR/tls/registry".{pem,key}
    fi
    if [[ -n $client_ca ]]; then
      printf '    clientcas: [%s]\n' "$REGISTRY_CA"
    fi
    case $auth in
      basic) printf 'auth:\n  htpasswd: {realm: cullet tests, path: %s/htpasswd}\n' "$REGISTRY_DIR" ;;
      token)
        printf 'auth:\n  token:\n    realm: %s\n    service: cullet-tests\n' "$TOKEN_SERVER_REALM"
        printf '    issuer: cullet tests\n    rootcertbundle: %s/token/issuer.pem\n' "$REGISTRY_DIR"
        ;;
    esac
  } >"$REGISTRY_DIR/config.yml"

  # An empty environment, because REGISTRY_* variables override the configuration.
  process_start "$REGISTRY_DIR/log" env -i docker-registry serve "$REGISTRY_DIR/config.yml"
  REGISTRY_PID=$PROCESS_PID
  process_await "$REGISTRY_PID" "$REGISTRY_DIR/log" grep -q 'msg="listening on ' "$REGISTRY_DIR/log"
  REGISTRY=$(sed -n 's/.*msg="listening on \([0-9.]*:[0-9]*\).*/\1/p' "$REGISTRY_DIR/log")
  REGISTRY_URL=http${tls:+s}://$REGISTRY
  process_await "$REGISTRY_PID" "$REGISTRY_DIR/log" _registry_answers
}

# registry_token SCOPE...: prints a bearer token, e.g. of scope repository:app:pull,push.
registry_token() {
  local arguments=() scope
  for scope in "$@"; do
    arguments+=(--data-urlencode "scope=$scope")
  done
  "${REGISTRY_CURL[@]}" --fail --get --user "$REGISTRY_USER:$REGISTRY_PASSWORD" \
    --data-urlencode service=cullet-tests "${arguments[@]}" "$TOKEN_SERVER_REALM" | jq -r .token
}

# registry_stop: ends the registry started last. Its storage stays until the test ends.
registry_stop() {
  process_stop "$REGISTRY_PID"
}

# registry_put_blob REPOSITORY FILE: uploads, prints the digest.
registry_put_blob() {
  local digest location
  digest=sha256:$(sha256sum <"$2" | cut -d' ' -f1)
  location=$("${REGISTRY_CURL[@]}" --fail --output /dev/null --write-out '%header{location}' --request POST \
    "$REGISTRY_URL/v2/$1/blobs/uploads/")
  # The location has a query already (distribution's _state).
  "${REGISTRY_CURL[@]}" --fail --output /dev/null --header 'Content-Type: application/octet-stream' \
    --upload-file "$2" "$location&digest=$digest"
  printf '%s\n' "$digest"
}

# registry_put_manifest REPOSITORY FILE [TAG]: uploads under TAG or else under its digest, with the
# mediaType that it names itself; prints the digest.
registry_put_manifest() {
  local digest
  digest=sha256:$(sha256sum <"$2" | cut -d' ' -f1)
  "${REGISTRY_CURL[@]}" --fail --output /dev/null --header "Content-Type: $(jq -r .mediaType "$2")" \
    --request PUT --data-binary "@$2" "$REGISTRY_URL/v2/$1/manifests/${3:-$digest}"
  printf '%s\n' "$digest"
}

# registry_get_manifest REPOSITORY REFERENCE: prints the manifest's bytes; fails if there is none.
registry_get_manifest() {
  "${REGISTRY_CURL[@]}" --fail --header 'Accept: application/vnd.oci.image.manifest.v1+json' \
    --header 'Accept: application/vnd.oci.image.index.v1+json' "$REGISTRY_URL/v2/$1/manifests/$2"
}

_registry_answers() {
  "${REGISTRY_CURL[@]}" --max-time 5 --output /dev/null "$REGISTRY_URL/v2/"
}

_registry_tls() {
  ca_make "$REGISTRY_DIR/tls"
  certificate_make "$REGISTRY_DIR/tls" registry server
  REGISTRY_CA=$REGISTRY_DIR/tls/ca.pem
  REGISTRY_CURL+=(--cacert "$REGISTRY_CA")
}

_registry_client_certificate() {
  certificate_make "$REGISTRY_DIR/tls" client client
  REGISTRY_CERTIFICATE=$REGISTRY_DIR/tls/client.pem
  REGISTRY_KEY=$REGISTRY_DIR/tls/client.key
  REGISTRY_CURL+=(--cert "$REGISTRY_CERTIFICATE" --key "$REGISTRY_KEY")
}

_registry_basic() {
  REGISTRY_USER=someone REGISTRY_PASSWORD='pass word:1'
  REGISTRY_CURL+=(--user "$REGISTRY_USER:$REGISTRY_PASSWORD")
  # distribution reads bcrypt only. perl's crypt() is libcrypt's, which knows it; the htpasswd program
  # would need apache2-utils. Cost 4, the least there is: the registry pays it on every request.
  # shellcheck disable=SC2016
  printf '%s:%s\n' "$REGISTRY_USER" \
    "$(PASSWORD=$REGISTRY_PASSWORD perl -e 'print crypt($ENV{PASSWORD}, q($2y$04$cullettestsaltcullett.))')" \
    >"$REGISTRY_DIR/htpasswd"
}

_registry_token() {
  local directory=$REGISTRY_DIR/token options=() scheme=http
  REGISTRY_USER=someone REGISTRY_PASSWORD='pass word:1'
  mkdir "$directory"
  # RSA, because openssl writes ECDSA signatures in ASN.1, which JWT does not take.
  openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj "/CN=cullet tests" \
    -keyout "$directory/issuer.key" -out "$directory/issuer.pem" 2>/dev/null
  if [[ -n $REGISTRY_CA ]]; then
    # cosign's library refuses to send credentials for an https registry to an http server.
    scheme=https
    options=(--tls-certificate "$REGISTRY_DIR/tls/registry.pem" --tls-key "$REGISTRY_DIR/tls/registry.key")
  fi
  TOKEN_SERVER_LOG=$directory/requests.jsonl
  process_start "$directory/log" "$PYTHON" "$FIXTURE_HOME/token_server.py" \
    --issuer 'cullet tests' --service cullet-tests --user "$REGISTRY_USER" --password "$REGISTRY_PASSWORD" \
    --key "$directory/issuer.key" --certificate "$directory/issuer.pem" \
    --log "$TOKEN_SERVER_LOG" --port-file "$directory/port" "${options[@]}" "${TOKEN_SERVER_OPTIONS[@]}"
  process_await "$PROCESS_PID" "$directory/log" test -s "$directory/port"
  # By name: cosign's library refuses a token server at a private address given as a number.
  TOKEN_SERVER_REALM=$scheme://localhost:$(<"$directory/port")/token
}
