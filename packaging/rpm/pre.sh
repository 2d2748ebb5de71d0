getent group callseal >/dev/null || groupadd -r callseal
getent passwd callseal >/dev/null ||
    useradd -r -g callseal -d /var/lib/callseal -M -s /sbin/nologin -c callseal callseal
