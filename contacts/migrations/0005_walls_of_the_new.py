"""Row-level security for the new tables; the consent ledger may be made anonymous, and changed in no other way."""

from django.db import migrations

from accounts.row_security import behind_wall

# GDPR, article 17: who is forgotten leaves no address of a device behind. The proof itself stays as it was written.
ONLY_ANONYMOUS = """
CREATE FUNCTION contacts_refuse_but_anonymous() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND NEW.ip IS NULL AND NEW.user_agent = '' THEN
        OLD.ip := NULL;
        OLD.user_agent := '';
        IF NEW IS NOT DISTINCT FROM OLD THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION 'Rows of % are never changed or deleted: it is a record of what happened.', TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege';
END
$$;
DROP TRIGGER append_only ON contacts_consentrecord;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON contacts_consentrecord
FOR EACH ROW EXECUTE FUNCTION contacts_refuse_but_anonymous();
GRANT UPDATE (ip, user_agent) ON contacts_consentrecord TO posthouse_app, posthouse_daemon;
"""
BACK = """
REVOKE UPDATE (ip, user_agent) ON contacts_consentrecord FROM posthouse_app, posthouse_daemon;
DROP TRIGGER append_only ON contacts_consentrecord;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON contacts_consentrecord
FOR EACH ROW EXECUTE FUNCTION posthouse_refuse_change();
DROP FUNCTION contacts_refuse_but_anonymous;
"""
TABLES = ("importchange", "job", "preference", "privacyrequest", "savedview", "segmentversion", "signupform", "tag", "tagging")


class Migration(migrations.Migration):
    dependencies = [("contacts", "0004_audience_at_full_strength")]

    operations = [
        *(behind_wall(f"contacts_{table}") for table in TABLES),
        migrations.RunSQL(ONLY_ANONYMOUS, BACK),
        migrations.RunSQL(
            """REVOKE ALL ON contacts_housesuppression FROM posthouse_app, posthouse_daemon;
               GRANT SELECT ON contacts_housesuppression TO posthouse_app, posthouse_daemon""",
            migrations.RunSQL.noop,
        ),
        # Every segment that stands is the first version that we know of it.
        migrations.RunSQL(
            """SET LOCAL ROLE posthouse_daemon;
               INSERT INTO contacts_segmentversion (organization_id, segment_id, version, definition, created_at)
               SELECT organization_id, id, version, definition, updated_at FROM contacts_segment;
               RESET ROLE""",
            migrations.RunSQL.noop,
        ),
    ]
