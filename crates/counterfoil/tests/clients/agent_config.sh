#!/usr/bin/env bash
# The agent-config dialect as shell clients meet it: curl, and the awk that they read JSON with (contract 3.6), which
# understands compact JSON only. Kept out: starting the server, and the agents' states.
#
# usage: agent_config.sh BASE_URL USER:PASSWORD LOG_FILE
set -euo pipefail

base=$1 login=$2 log=$3

# As the published clients have it, word for word but for the quoting.
jsonValue() {
    awk -F"[,:}]" '{for(i=1;i<=NF;i++){if($i~/'"$1"'\042/){print $(i+1)}}}' | tr -d '"' | sed -n "${2:-1}p"
}

fail() {
    echo "agent_config.sh: $*" >&2
    exit 1
}

is() {
    [ "$2" = "$3" ] || fail "$1 is '$2' and not '$3'"
}

ask() { # METHOD PATH [CURL ARGUMENT...]: sets $status and $body
    local method=$1 path=$2 answer
    shift 2
    answer=$(curl --silent --show-error --path-as-is --request "$method" --write-out '\n%{http_code} %{content_type}' \
        "$@" "$base$path")
    status=${answer##*$'\n'}
    body=${answer%$'\n'*}
}

admin=(--user "$login")
json=(--header 'Content-Type: application/json')
tokens=/rest/agent-config/1.0/tokens

ask POST "$tokens" "${admin[@]}" "${json[@]}" --data '{"name":"Test Token","read":true,"change":false}'
is 'create (B1)' "$status" '200 application/json'
uuid=$(jsonValue uuid <<<"$body")
[[ $uuid =~ ^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$ ]] || fail 'no uuid of version 4'
is 'the order of members' "$body" "{\"uuid\":\"$uuid\",\"name\":\"Test Token\",\"read\":true,\"change\":false}"
is 'read' "$(jsonValue read <<<"$body")" true
is 'change' "$(jsonValue change <<<"$body")" false

for path in "$tokens/" //rest/agent-config//latest/tokens /rest/agent/1.0/tokens /rest/agent/latest/tokens/; do
    ask GET "$path" "${admin[@]}" --header 'Accept: text/html'
    is "list of $path (B2, B3, B18)" "$status" '200 application/json'
    grep --quiet --fixed-strings "$uuid" <<<"$body" || fail "$path does not list the token"
done

ask PUT "$tokens/$uuid" "${admin[@]}" --header 'X-Atlassian-Token: nocheck' "${json[@]}" \
    --data "{\"uuid\":\"$uuid\",\"name\":\"give me more power\",\"read\":true,\"change\":true}"
is 'update (B4)' "$status" '200 application/json'
is 'change' "$(jsonValue change <<<"$body")" true

ask PUT "$tokens/$uuid" "${admin[@]}" --data '{"uuid":"7ba167aa-631c-4771-b197-fcb459cc7fd7","name":"n","read":true,"change":true}'
is 'a uuid that is not the one in the path (B5)' "$status" '400 application/json'
ask GET "$tokens"
is 'list by nobody (B6)' "$status" '401 application/json'
is 'its status' "$(jsonValue status-code <<<"$body")" 401
ask POST "$tokens?uuid=$uuid" --data '{"name":"n","read":true,"change":true}'
is 'create with a uuid alone (B6)' "$status" '401 application/json'
ask POST "$tokens" "${admin[@]}" --header 'Content-Type: application/xml' --data '<token/>'
is 'XML (B14)' "$status" '400 application/json'

ask DELETE "$tokens/$uuid" "${admin[@]}"
is 'delete' "${status%% *}" 204
ask GET "$tokens/$uuid" "${admin[@]}"
is 'what was deleted' "$status" '404 application/json'

grep --quiet --fixed-strings "$tokens/{uuid}" "$log" || fail 'the log has no line of these calls'
if grep --quiet --fixed-strings "$uuid" "$log"; then fail 'the log holds the uuid (B16)'; fi
echo 'agent-config: all well'
