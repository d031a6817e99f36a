"""Addresses of campaigns, under /o/<organization>/."""

from django.urls import path

from campaigns.views import campaigns, contents, designs, home, jobs, media, messages, reactions, reports, sends

app_name = "campaigns"

urlpatterns = [
    path("", home.show, name="home"),
    path("campaigns/", campaigns.list_, name="campaigns"),
    path("campaigns/new/", campaigns.new, name="campaign_new"),
    path("campaigns/audience/", campaigns.audience, name="audience"),
    path("campaigns/jobs/", jobs.running, name="jobs"),
    path("campaigns/<slug:campaign>/", campaigns.show, name="campaign"),
    path("campaigns/<slug:campaign>/edit/", campaigns.edit, name="campaign_edit"),
    path("campaigns/<slug:campaign>/discard/", campaigns.discard, name="campaign_discard"),
    path("campaigns/<slug:campaign>/content/", contents.edit, name="campaign_content"),
    path("campaigns/<slug:campaign>/content/choose/", contents.choose, name="campaign_choose"),
    path("campaigns/<slug:campaign>/mail/", contents.mail, name="campaign_mail"),
    path("campaigns/<slug:campaign>/test/", sends.test, name="campaign_test"),
    path("campaigns/<slug:campaign>/launch/", sends.launch, name="campaign_launch"),
    path("campaigns/<slug:campaign>/pause/", sends.pause, name="campaign_pause"),
    path("campaigns/<slug:campaign>/resume/", sends.resume, name="campaign_resume"),
    path("campaigns/<slug:campaign>/cancel/", sends.cancel, name="campaign_cancel"),
    path("campaigns/<slug:campaign>/live/", sends.live, name="campaign_live"),
    path("campaigns/<slug:campaign>/people/", sends.people, name="campaign_people"),
    path("campaigns/<slug:campaign>/people.csv", sends.people_csv, name="campaign_people_csv"),
    path("campaigns/<slug:campaign>/did/", reactions.people, name="campaign_did"),
    path("campaigns/<slug:campaign>/did.csv", reactions.people_csv, name="campaign_did_csv"),
    path("campaigns/<slug:campaign>/clicks/", reports.click_map, name="campaign_clicks"),
    path("campaigns/<slug:campaign>/clicks/mail/", reports.click_map_mail, name="campaign_clicks_mail"),
    path("templates/", designs.list_, name="designs"),
    path("templates/new/", designs.new, name="design_new"),
    path("templates/starters/<slug:starter>/preview/", designs.starter_preview, name="starter_preview"),
    path("templates/pictures/", media.list_, name="media"),
    path("templates/pictures/upload/", media.upload, name="media_upload"),
    path("templates/pictures/list.json", media.listing, name="media_json"),
    path("templates/pictures/<slug:media>/", media.show, name="media_item"),
    path("templates/pictures/<slug:media>/archive/", media.put_away, name="media_archive"),
    path("templates/pictures/<slug:media>/restore/", media.bring_back, name="media_restore"),
    path("templates/<slug:design>/", designs.edit, name="design"),
    path("templates/<slug:design>/save/", designs.save, name="design_save"),
    path("templates/<slug:design>/preview/", designs.preview, name="design_preview"),
    path("templates/<slug:design>/rename/", designs.rename, name="design_rename"),
    path("templates/<slug:design>/archive/", designs.put_away, name="design_archive"),
    path("templates/<slug:design>/restore/", designs.bring_back, name="design_restore"),
    path("messages/", messages.search, name="messages"),
    path("messages/<int:message>/", messages.show, name="message"),
    path("messages/<int:message>/retry/", messages.retry, name="message_retry"),
    path("messages/<int:message>/again/", messages.again, name="message_again"),
]
