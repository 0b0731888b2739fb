# contrib/systemd: units, sysusers, tmpfiles, hda.conf.
