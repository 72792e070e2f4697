#!/bin/sh
# What node-datto-rmm puts on the wire, replayed with curl: Basic at once, an encoded form, and on 401 one new token and
# one more try (contract D13, D14).
#
#     datto_node.sh BASE_URL KEY SECRET ADMIN_TOKEN
#
# Ends with 0 and the line `ok`, else with what went wrong.
set -eu
base=$1 key=$2 secret=$3 admin=$4
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
logins=0

fail() {
    echo "$*" >&2
    cat "$out/body" >&2
    exit 1
}

# Asks with the secret $1; the token is in $token if the answer is 200.
login() {
    logins=$((logins + 1))
    status=$(curl -sS -o "$out/body" -w '%{http_code}' -A node -H 'Accept: */*' -H 'Accept-Language: *' \
        -H 'Sec-Fetch-Mode: cors' -H 'Authorization: Basic cHVibGljLWNsaWVudDpwdWJsaWM=' --data grant_type=password \
        --data-urlencode "username=$key" --data-urlencode "password=$1" "$base/auth/oauth/token")
    token=$(sed -n 's/.*"access_token":"\([^"]*\)".*/\1/p' "$out/body")
}

get() {
    status=$(curl -sS -o "$out/body" -w '%{http_code}' -A node -H 'Content-Type: application/json' \
        -H "Authorization: Bearer $token" "$base/api/v2/account")
}

# A call of the client.
call() {
    get
    if [ "$status" = 401 ]; then
        login "$secret"
        get
    fi
}

login "$secret"
[ "$status" = 200 ] || fail "login: $status"
call
[ "$status $logins" = '200 1' ] || fail "call: $status after $logins logins"

# D13: the token ends between two calls.
curl -sSf -o "$out/body" -H "Authorization: Bearer $admin" --json '{"all":true}' "$base/v1/sessions/end"
call
[ "$status $logins" = '200 2' ] || fail "D13: $status after $logins logins"
call
[ "$status $logins" = '200 2' ] || fail "D13: $status after $logins logins"

# D14: the client throws with this status and this body.
login WRONG
[ "$status" = 400 ] || fail "D14: $status"
grep -q 'Bad credentials' "$out/body" || fail D14
echo ok
