#!/bin/sh
# What PowerShell and .NET do at Datto RMM's token endpoint, replayed with curl (contract D1, D3, D9, D10, D16):
#
#     datto_curl.sh BASE_URL KEY SECRET
#
# Ends with 0 and the line `ok`, else with what went wrong.
set -eu
base=$1 key=$2 secret=$3
token="$base/auth/oauth/token"
form="grant_type=password&username=$key&password=$secret"
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT

fail() {
    echo "$*" >&2
    cat "$out/log" >&2
    exit 1
}

# D1: Basic at once.
status=$(curl -sS -o "$out/body" -D "$out/log" -w '%{http_code}' -u public-client:public -d "$form" "$token")
[ "$status" = 200 ] || fail "D1: $status"
grep -qi '^cache-control: no-store' "$out/log" || fail "D1: may be cached"
grep -qi '^pragma: no-cache' "$out/log" || fail "D1: may be cached by old caches"
grep -q '"token_type":"bearer","expires_in":3[56][0-9]*,' "$out/body" || fail "D1: $(cat "$out/body")"

# D3: bare, challenged, answered, on one connection; without that no PowerShell client gets in.
status=$(curl -sS --anyauth -u public-client:public -d "$form" -o "$out/body" -w '%{http_code} %{num_connects}' -v "$token" 2>"$out/log")
[ "$status" = '200 1' ] || fail "D3: $status"
[ "$(grep -c '^> POST ' "$out/log")" = 2 ] || fail "D3: not two requests"
grep -qi '^< HTTP/1.1 401 Unauthorized' "$out/log" || fail "D3: no challenge"

# D10: .NET waits for `100 Continue` before it sends the body.
status=$(curl -sS -u public-client:public -H 'Expect: 100-continue' --expect100-timeout 30 -d "$form" -o "$out/body" -w '%{http_code} %{time_total}' -v "$token" 2>"$out/log")
case $status in '200 '*) ;; *) fail "D10: $status" ;; esac
grep -qi '^< HTTP/1.1 100 Continue' "$out/log" || fail "D10: no 100"

# D9: GET.
status=$(curl -sS -o "$out/body" -D "$out/log" -w '%{http_code}' "$token")
[ "$status" = 405 ] || fail "D9: $status"
grep -q "Request method 'GET' not supported" "$out/body" || fail "D9: $(cat "$out/body")"

# D16: the status, with reason phrase (X8).
curl -sS -o "$out/body" -D "$out/log" -H 'Authorization: Bearer garbage' "$base/api/v2/system/status"
grep -q '^HTTP/1.1 200 OK' "$out/log" || fail "D16"
echo ok
