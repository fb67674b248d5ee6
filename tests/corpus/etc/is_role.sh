#!/bin/bash
# The backend's name is the role that is wanted.
exec 3<>"/dev/tcp/$HAPROXY_SERVER_ADDR/8008" || exit 1
printf 'GET /%s HTTP/1.0\r\n\r\n' "$HAPROXY_PROXY_NAME" >&3
read -r _ status _ <&3
[ "$status" = 200 ]
