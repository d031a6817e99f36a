"""Addresses of the audience's pages, under /o/<organization>/."""

from django.urls import path

from contacts.views import imports, jobs, people, segments, suppressions, topics

app_name = "contacts"

urlpatterns = [
    path("people/", people.list_, name="people"),
    path("people/new/", people.new, name="person_new"),
    path("people/<int:contact>/", people.show, name="person"),
    path("people/<int:contact>/edit/", people.edit, name="person_edit"),
    path("people/<int:contact>/archive/", people.archive, name="person_archive"),
    path("people/<int:contact>/restore/", people.restore, name="person_restore"),
    path("people/<int:contact>/subscribe/", people.subscribe, name="person_subscribe"),
    path("people/<int:contact>/unsubscribe/", people.unsubscribe, name="person_unsubscribe"),
    path("people/<int:contact>/suppress/", people.suppress, name="person_suppress"),
    path("topics/", topics.list_, name="topics"),
    path("topics/new/", topics.new, name="topic_new"),
    path("topics/<slug:topic>/", topics.edit, name="topic_edit"),
    path("topics/<slug:topic>/archive/", topics.archive, name="topic_archive"),
    path("topics/<slug:topic>/restore/", topics.restore, name="topic_restore"),
    path("segments/", segments.list_, name="segments"),
    path("segments/new/", segments.new, name="segment_new"),
    path("segments/schema.json", segments.schema, name="segment_schema"),
    path("segments/builder/", segments.builder, name="segment_builder"),
    path("segments/count/", segments.count, name="segment_count"),
    path("segments/<slug:segment>/", segments.edit, name="segment_edit"),
    path("segments/<slug:segment>/archive/", segments.archive, name="segment_archive"),
    path("segments/<slug:segment>/restore/", segments.restore, name="segment_restore"),
    path("do-not-send/", suppressions.list_, name="suppressions"),
    path("do-not-send/new/", suppressions.new, name="suppression_new"),
    path("do-not-send/<int:suppression>/lift/", suppressions.lift, name="suppression_lift"),
    path("imports/", imports.list_, name="imports"),
    path("imports/new/", imports.new, name="import_new"),
    path("imports/<slug:import_>/", imports.show, name="import"),
    path("imports/<slug:import_>/progress/", imports.progress, name="import_progress"),
    path("imports/<slug:import_>/match/", imports.match, name="import_match"),
    path("imports/<slug:import_>/again/", imports.rematch, name="import_rematch"),
    path("imports/<slug:import_>/approve/", imports.approve, name="import_approve"),
    path("imports/<slug:import_>/cancel/", imports.cancel, name="import_cancel"),
    path("imports/<slug:import_>/bad-rows.csv", imports.rejects, name="import_rejects"),
    path("audience/jobs/", jobs.list_, name="jobs"),
]
