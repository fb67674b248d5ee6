#!/bin/bash
# HAProxy gives: its address and port, the server's address and port.
exec 3<>"/dev/tcp/$3/8008" || exit 1
printf 'GET /primary HTTP/1.0\r\n\r\n' >&3
read -r _ status _ <&3
[ "$status" = 200 ]
