# shellcheck shell=bash
# A certificate authority for one test. P-256 throughout: made in milliseconds.

# ca_make DIRECTORY: ca.pem, ca.key.
ca_make() {
  mkdir -p -- "$1"
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 \
    -subj "/O=cullet tests/CN=cullet test CA" \
    -addext "basicConstraints=critical,CA:TRUE" -addext "keyUsage=critical,keyCertSign,cRLSign" \
    -keyout "$1/ca.key" -out "$1/ca.pem" 2>/dev/null
}

# certificate_make DIRECTORY NAME server|client: NAME.pem, NAME.key, signed by DIRECTORY's authority.
# A server's certificate is good for 127.0.0.1, ::1 and localhost.
certificate_make() {
  local extensions=(-addext "basicConstraints=critical,CA:FALSE" -addext "keyUsage=critical,digitalSignature"
    -addext "extendedKeyUsage=$3Auth")
  if [[ $3 == server ]]; then
    extensions+=(-addext "subjectAltName=IP:127.0.0.1,IP:::1,DNS:localhost")
  fi
  openssl req -x509 -CA "$1/ca.pem" -CAkey "$1/ca.key" -newkey ec -pkeyopt ec_paramgen_curve:P-256 \
    -nodes -days 2 -subj "/O=cullet tests/CN=$2" "${extensions[@]}" \
    -keyout "$1/$2.key" -out "$1/$2.pem" 2>/dev/null
}
