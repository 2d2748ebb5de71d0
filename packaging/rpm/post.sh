# Later on, the rights are the administrator's.
if [ "$1" -eq 1 ]; then
    install -d -o callseal -g callseal -m 0750 /var/lib/callseal /var/lib/callseal/outbox
fi
# The first installation starts nothing: there is no config yet.
if [ -d /run/systemd/system ]; then
    systemctl daemon-reload || :
fi
