"""Who is forgotten is taken out of the audit log too; an entry changes in no other way."""

from django.db import migrations

# GDPR, article 17. What was done, by whom and when stays; the address that it was done to goes. The setting is made by one
# verb (accounts.actions.audit.forget) for its own transaction, so that nothing rewrites the log in passing.
FORGET = """
CREATE FUNCTION accounts_refuse_but_forgetting() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND current_setting('posthouse.forgetting', true) = 'on' THEN
        OLD.target_name := NEW.target_name;
        OLD.data := NEW.data;
        IF NEW IS NOT DISTINCT FROM OLD THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION 'Rows of % are never changed or deleted: it is a record of what happened.', TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege';
END
$$;
DROP TRIGGER append_only ON accounts_auditentry;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON accounts_auditentry
FOR EACH ROW EXECUTE FUNCTION accounts_refuse_but_forgetting();
GRANT UPDATE (target_name, data) ON accounts_auditentry TO posthouse_app, posthouse_daemon;
"""
BACK = """
REVOKE UPDATE (target_name, data) ON accounts_auditentry FROM posthouse_app, posthouse_daemon;
DROP TRIGGER append_only ON accounts_auditentry;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON accounts_auditentry
FOR EACH ROW EXECUTE FUNCTION posthouse_refuse_change();
DROP FUNCTION accounts_refuse_but_forgetting;
"""


class Migration(migrations.Migration):
    dependencies = [("accounts", "0002_walls")]

    operations = [migrations.RunSQL(FORGET, BACK)]
