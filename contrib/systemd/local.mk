# contrib/systemd: units, sysusers, tmpfiles, and the sample of hda.conf (tests/integration/hdad_docs.sh holds it to the table).
EXTRA_DIST += contrib/systemd/hdad.service.in contrib/systemd/hdad-ingest.socket contrib/systemd/hdad-query.socket \
	contrib/systemd/hdad-control.socket contrib/systemd/hda.sysusers contrib/systemd/hda.tmpfiles

contrib/systemd/hdad.service: contrib/systemd/hdad.service.in Makefile
	$(AM_V_GEN)$(MKDIR_P) contrib/systemd && $(SED) -e 's|@sbindir[@]|$(sbindir)|g' -e 's|@bindir[@]|$(bindir)|g' \
		-e 's|@sysconfdir[@]|$(sysconfdir)|g' $(srcdir)/contrib/systemd/hdad.service.in >$@.tmp && mv $@.tmp $@
CLEANFILES += contrib/systemd/hdad.service
noinst_DATA = contrib/systemd/hdad.service
dist_doc_DATA = contrib/systemd/hda.conf

if INSTALL_SYSTEMDSYSTEMUNITDIR
hdaunitdir = $(systemdsystemunitdir)
dist_hdaunit_DATA = contrib/systemd/hdad-ingest.socket contrib/systemd/hdad-query.socket contrib/systemd/hdad-control.socket
nodist_hdaunit_DATA = contrib/systemd/hdad.service
endif

# hda.sysusers is installed as hda.conf, which is also the name of our configuration: so by hand.
install-data-local: install-hda-config install-hda-sysusers install-hda-tmpfiles
# The administrator's file is never overwritten, and only taken away when it is still ours.
install-hda-config:
	$(MKDIR_P) "$(DESTDIR)$(sysconfdir)/hda"
	test -e "$(DESTDIR)$(sysconfdir)/hda/hda.conf" || \
		$(INSTALL_DATA) $(srcdir)/contrib/systemd/hda.conf "$(DESTDIR)$(sysconfdir)/hda/hda.conf"
install-hda-sysusers:
if INSTALL_SYSUSERSDIR
	$(MKDIR_P) "$(DESTDIR)$(sysusersdir)"
	$(INSTALL_DATA) $(srcdir)/contrib/systemd/hda.sysusers "$(DESTDIR)$(sysusersdir)/hda.conf"
endif
install-hda-tmpfiles:
if INSTALL_TMPFILESDIR
	$(MKDIR_P) "$(DESTDIR)$(tmpfilesdir)"
	$(INSTALL_DATA) $(srcdir)/contrib/systemd/hda.tmpfiles "$(DESTDIR)$(tmpfilesdir)/hda.conf"
endif
uninstall-local: uninstall-hda-conf
uninstall-hda-conf:
	if cmp -s $(srcdir)/contrib/systemd/hda.conf "$(DESTDIR)$(sysconfdir)/hda/hda.conf"; then \
		rm -f "$(DESTDIR)$(sysconfdir)/hda/hda.conf"; rmdir "$(DESTDIR)$(sysconfdir)/hda"; fi
if INSTALL_SYSUSERSDIR
	rm -f "$(DESTDIR)$(sysusersdir)/hda.conf"
endif
if INSTALL_TMPFILESDIR
	rm -f "$(DESTDIR)$(tmpfilesdir)/hda.conf"
endif
.PHONY: install-hda-config install-hda-sysusers install-hda-tmpfiles uninstall-hda-conf
