# Users and groups of a vault. Sourced by Tools/install and part of the Debian package's postinst: plain sh.
#
# imagevault          the daemon; in no other group, because the service manager makes the sockets
# imagevault-doctor   runs the weekly checklist
# imagevault-backup   makes a backup each day, where that is switched on
# imagevault-drill    restores a backup each month, where that is switched on
# vault-images, vault-admins, vault-auditors   who may connect to which socket

make_accounts() {
  for group in vault-images vault-admins vault-auditors; do
    getent group "$group" >/dev/null || groupadd --system "$group"
  done
  for user in imagevault imagevault-doctor imagevault-backup imagevault-drill; do
    getent group "$user" >/dev/null || groupadd --system "$user"
    getent passwd "$user" >/dev/null ||
      useradd --system --gid "$user" --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin "$user"
  done
}

# What is there keeps its owner and mode: somebody may have given the keys to root since.
make_directories() {
  [ -d /etc/imagevault ] || install -d -m 755 /etc/imagevault
  [ -d /etc/imagevault/keys ] || install -d -o imagevault -g imagevault -m 700 /etc/imagevault/keys
  [ -d /var/lib/imagevault ] || install -d -o imagevault -g imagevault -m 700 /var/lib/imagevault
}

# A vault whose key somebody types would stay sealed after a start that nobody expects, so nothing is restarted.
reload_units() {
  [ ! -d /run/systemd/system ] || systemctl daemon-reload || true
}
