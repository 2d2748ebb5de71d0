# The first installation starts nothing: there is no config yet.
if [ -d /run/systemd/system ]; then
    systemctl daemon-reload || :
fi
