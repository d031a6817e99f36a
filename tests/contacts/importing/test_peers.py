"""Whose export is it: by its columns, by its name where the columns are not enough, and nobody's else."""

import pytest

from contacts.importing import guessing, names, peers, statuses


@pytest.mark.parametrize(
    ("header", "name", "origin", "about"),
    [
        ("Email Address,First Name,MEMBER_RATING,OPTIN_TIME,LEID", "", "mailchimp", "subscribed members"),
        ("EMAIL ADDRESS,optin_time,leid,unsub_time", "", "mailchimp", "unsubscribed members"),
        ("Email Address,LEID,EUID,CLEAN_TIME", "x.csv", "mailchimp", "cleaned members"),
        ("Email Address,LEID,EUID", "cleaned_email_audience_export_1.csv", "mailchimp", "cleaned members"),
        ("Email Address,LEID,EUID", "nonsubscribed_segment_export_1.csv", "mailchimp", "unsubscribed members"),
        ("Email Address,First Name", "", "", ""),
        ("status,reason,email,created", "suppression_bounces.csv", "sendgrid", "bounces"),
        ("status,reason,email,created", "suppression_blocks.csv", "sendgrid", "blocks"),
        ("status,reason,email,created", "list.csv", "sendgrid", "addresses that it does not send to"),
        ("email,created", "suppression_unsubscribes.csv", "sendgrid", "global unsubscribes"),
        ("email,group_id,created", "suppression_group_unsubscribes.csv", "sendgrid", "group unsubscribes"),
        ("email,created", "list.csv", "", ""),
        ("email,created,city", "bounces.csv", "", ""),
        ("EMAIL,EMAIL_BLACKLISTED,NOM", "", "brevo", "contacts"),
        ("uuid,email,name,attributes,status", "", "listmonk", "subscribers"),
        ("email,name,attributes", "", "", ""),
        ("email,firstname,lastname,doNotEmail", "", "mautic", "contacts"),
        ("email,firstname,lastname", "", "", ""),
        ("cid,status,HASH_EMAIL,EMAIL", "", "mailtrain", "subscriptions"),
        ("Email,First name,Last name,Data,Status,External ID", "", "keila", "contacts"),
        ("id,type,address,reason,timestamp,keep_until", "", "postal", "suppressions"),
        ("", "bounces.csv", "", ""),
    ],
)
def test_an_export_is_known(header, name, origin, about):
    export = peers.recognise(header.split(","), name)
    assert (export.origin, export.about) == (origin, about) if origin else export is None


def test_every_table_is_consistent():
    """Columns by plain names, meanings that guessing knows, words that read to what they say."""
    told = {
        guessing.EMAIL, guessing.LANGUAGE, guessing.NAME, guessing.STATUS, guessing.TAGS, guessing.SKIP, guessing.NEW,
        guessing.FIRST, guessing.LAST, *guessing.EVIDENCE,
    }  # fmt: skip
    for export in peers.EXPORTS:
        assert export.origin in peers.ORIGINS
        assert set(export.means.values()) <= told
        for column in (*export.needs, *export.some, *export.only, *export.means, *export.objects):
            assert column == names.plain(column)
        for column in (export.status_of, export.hash_of):
            assert not column or column in export.needs
        assert guessing.EMAIL in export.means.values()


def test_what_we_write_for_a_status_reads_back():
    assert all(statuses.WORDS[word] == status for status, word in statuses.NAMES.items() if word)


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("unsubscribed_2024.csv", statuses.UNSUBSCRIBED),
        ("My-Opt-outs.xlsx", statuses.UNSUBSCRIBED),
        ("hard bounces.csv", statuses.BOUNCED),
        ("suppression_list.csv", statuses.BLOCKED),
        ("spam.csv", statuses.COMPLAINED),
        ("subscribers.csv", None),
        ("trampolines-bouncer.csv", None),
    ],
)
def test_a_name_may_say_that_nobody_in_it_may_be_written_to(name, status):
    assert peers.status_in_name(name) == status
