-- After every migration, as facsweb_owner: what the site may not do to the log, whatever it is made to try.
REVOKE UPDATE, DELETE, TRUNCATE ON audit_entry, audit_anchor FROM facsweb;
