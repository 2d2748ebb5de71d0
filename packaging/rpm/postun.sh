# Sealed calls are evidence, so nothing in /var/lib/callseal is removed. An upgrade
# restarts what runs.
if [ -d /run/systemd/system ]; then
    systemctl daemon-reload || :
    if [ "$1" -ge 1 ]; then
        systemctl try-restart callseal.service callseal-check.timer || :
    fi
fi
