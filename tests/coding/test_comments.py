"""Comments: who may read, who is told, what the log says, and that they go with the recording."""

import json

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.urls import reverse

from facsweb.audit.models import Entry
from facsweb.coding import comments, services
from facsweb.coding.models import Comment, Event, Layer, Mention
from facsweb.studies.models import Membership, Role


@pytest.fixture
def second(layer, study):
    """Another coder of the study with a blind coding of their own."""
    from facsweb.accounts.models import User

    user = User.objects.create_user("second@example.org", "Second Coder", "x")
    Membership.objects.create(study=study, user=user, role=Role.CODER)
    return user


def blind(run, user):
    return Layer.objects.create(run=run, owner=user, kind="coder", mode="blind", state="open")


def texts(user, run, layer=None):
    return [comment.text for comment in comments.visible(user, run, layer)]


def test_a_comment_is_read_by_who_may_read_the_layer(layer, run, people, second):
    comments.add(people["coder"], run, "Is this a 13?", layer=layer, event=layer.events.first(), at_us=500_000)
    comments.add(people["analyst"], run, "The light is poor")
    assert texts(people["coder"], run, layer) == ["Is this a 13?", "The light is poor"]
    assert texts(people["analyst"], run, layer) == ["Is this a 13?", "The light is poor"]
    assert texts(second, run, layer) == ["The light is poor"], "a colleague's coding is not theirs to read"
    with pytest.raises(PermissionDenied):
        comments.add(second, run, "hm", layer=layer)


def test_whoever_codes_blind_sees_nothing_of_the_others(layer, run, people, second):
    own = blind(run, second)
    comments.add(people["coder"], run, "All 12s here are weak")
    comments.add(second, run, "I see no face at the end", layer=own)
    comments.add(people["analyst"], run, "Then leave it out", layer=own)
    comments.add(second, run, "Mine, about the recording")
    assert texts(second, run, own) == [
        "I see no face at the end",
        "Then leave it out",
        "Mine, about the recording",
    ]
    assert "I see no face at the end" in texts(people["analyst"], run, own)
    assert "I see no face at the end" not in texts(people["coder"], run, own)
    Layer.objects.filter(pk=own.pk).update(state="signed")
    assert "All 12s here are weak" in texts(second, run, own)


def test_a_mention_tells_who_is_named(layer, run, people):
    comments.add(people["coder"], run, "@Analyst Person, is this a 13? @Coder Person @nobody", layer=layer)
    (unread,) = comments.mentions_for(people["analyst"])
    assert (unread.author, unread.where) == ("Coder Person", "Interview 1 · P-001")
    assert unread.url == f"{reverse('coding:review', args=[run.pk])}?layer={layer.pk}&comment={unread.id}"
    assert comments.mentions_for(people["coder"]) == [], "one is not told of oneself"
    assert comments.mark_read(people["analyst"], [unread.id]) == 1
    assert comments.mentions_for(people["analyst"]) == []
    assert comments.mark_read(people["analyst"]) == 0


def test_who_may_not_read_it_is_not_mentioned(layer, run, people, second):
    with pytest.raises(ValidationError, match="Second Coder may not read this coding"):
        comments.add(people["coder"], run, "Look, @Second Coder", layer=layer)
    blind(run, second)
    with pytest.raises(ValidationError, match="Second Coder codes this recording blind"):
        comments.add(people["coder"], run, "Look, @Second Coder")
    assert not Comment.objects.exists()
    assert second not in comments.mentionable(run, layer)
    assert people["analyst"] in comments.mentionable(run, layer)
    assert people["manager"] not in comments.mentionable(run, None)


def test_a_mention_is_not_shown_once_one_may_no_longer_read(layer, run, people):
    comments.add(people["coder"], run, "@Analyst Person look", layer=layer)
    Membership.objects.filter(user=people["analyst"]).delete()
    assert comments.mentions_for(people["analyst"]) == []


def test_replies_resolving_editing_deleting(layer, run, people):
    coder, analyst = people["coder"], people["analyst"]
    comment = comments.add(coder, run, "Is this a 13?", layer=layer, at_us=100)
    reply = comments.add(analyst, run, "No, @Coder Person", parent=comment)
    assert (reply.layer, reply.at_us) == (layer, 100)
    with pytest.raises(ValidationError, match="another reply"):
        comments.add(coder, run, "Sure?", parent=reply)
    assert comments.resolve(analyst, comment).resolved_by == analyst
    assert comments.resolve(coder, comment, resolved=False).resolved_at is None
    with pytest.raises(PermissionDenied):
        comments.edit(coder, reply, "Yes")
    with pytest.raises(PermissionDenied):
        comments.delete(coder, reply)
    comments.edit(analyst, reply, "No. @Administrator Person")
    assert comments.mentions_for(coder) == []
    assert len(comments.mentions_for(people["administrator"])) == 1
    comments.delete(analyst, reply)
    assert Comment.objects.get(pk=reply.pk).text == ""
    assert not Mention.objects.exists()
    with pytest.raises(ValidationError, match="deleted"):
        comments.edit(analyst, reply, "Back again")


@pytest.mark.parametrize(("text", "sentence"), [("  ", "Write something"), ("x" * 2001, "at most 2000")])
def test_refused_texts(layer, run, people, text, sentence):
    with pytest.raises(ValidationError, match=sentence):
        comments.add(people["coder"], run, text)


def test_what_is_not_of_this_coding(layer, machine, run, people):
    with pytest.raises(ValidationError, match="not part"):
        comments.add(people["coder"], run, "x", layer=layer, event=machine.events.first())
    with pytest.raises(ValidationError, match="outside"):
        comments.add(people["coder"], run, "x", layer=layer, at_us=10_000_001)


def test_the_log_says_who_commented_and_not_what(layer, run, people):
    comment = comments.add(people["coder"], run, "A secret word", layer=layer)
    comments.edit(people["coder"], comment, "Another secret word")
    comments.delete(people["coder"], comment)
    entries = Entry.objects.filter(action__startswith="comment.").order_by("number")
    assert [entry.action for entry in entries] == ["comment.add", "comment.edit", "comment.delete"]
    assert "secret" not in json.dumps([entry.details for entry in entries])


def test_comments_go_with_the_recording(layer, run, people):
    comment = comments.add(people["coder"], run, "@Analyst Person", layer=layer, event=layer.events.first())
    comments.add(people["analyst"], run, "Yes", parent=comment)
    run.recording.delete()
    assert not Comment.objects.exists()
    assert not Mention.objects.exists()
    assert not Event.objects.exists()


# --- the addresses ------------------------------------------------------------


def post(client, name, pk, **values):
    return client.post(reverse(f"coding:{name}", args=[pk]), values, content_type="application/json")


def test_the_page_writes_and_reads(layer, run, client_as):
    coder, analyst = client_as("coder"), client_as("analyst")
    event = services.current_events(layer)[0]
    values = {"text": "Is this a 13? @Analyst Person", "layer": str(layer.pk), "event": str(event.id)}
    request_id = "6f0c6d3e-8f0a-4a54-9a5e-3f1f0a7f0003"
    for _ in range(2):  # a double click
        answer = post(coder, "comments", run.pk, at_us=500_000, request_id=request_id, **values)
        assert answer.status_code == 200
    listed = analyst.get(reverse("coding:comments", args=[run.pk]), {"layer": str(layer.pk)}).json()
    (comment,) = listed["comments"]
    assert (comment["author"], comment["mine"], comment["unread"]) == ("Coder Person", False, True)
    assert "Coder Person" in listed["people"]
    assert post(analyst, "comment_change", comment["id"], action="read").json()["comment"]["unread"] is False
    assert post(analyst, "comment_change", comment["id"], action="edit", text="x").status_code == 403
    assert post(analyst, "comment_change", comment["id"], action="resolve").json()["comment"]["resolved"]
    assert post(coder, "comment_change", comment["id"], action="explode").status_code == 400
    assert post(coder, "comment_change", comment["id"], action="delete").json()["comment"]["text"] == ""


def test_a_colleagues_layer_is_out_of_reach(layer, run, people, second, client):
    comment = comments.add(people["coder"], run, "x", layer=layer)
    client.force_login(second, backend="allauth.account.auth_backends.AuthenticationBackend")
    address = reverse("coding:comments", args=[run.pk])
    assert client.get(address, {"layer": str(layer.pk)}).status_code == 403
    assert post(client, "comments", run.pk, text="x", layer=str(layer.pk)).status_code == 403
    assert post(client, "comments", run.pk, text="x", parent=str(comment.pk)).status_code == 403
    assert post(client, "comment_change", comment.pk, action="resolve").status_code == 403
    assert client.get(address, {"layer": "x"}).status_code == 400
