"""Links by mail: who gets one, what is in it, and that nobody learns who is known."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, select, update
from tests.support.mail import Inbox, link_in, mail_server

from tillsight.accounts import (
    SYSTEM,
    Access,
    By,
    Known,
    accept_link,
    add_user,
    get_user,
    invite,
    look_at_link,
    mail_link,
    mail_resets,
    meant,
    reset_link,
)
from tillsight.core.errors import NotFoundError, QuestionError
from tillsight.core.settings import MailSettings, ServeSettings, Settings
from tillsight.database import AuditEntry, Database, OneTimeLink, User, now
from tillsight.jobs import Jobs
from tillsight.mail import MailError

PASSWORD = "correct horse battery"
BOSS = By("boss")
KNOWN = Known(("sales",), lambda _name, values: tuple(values))


@pytest.fixture
def inbox() -> Iterator[Inbox]:
    with mail_server() as inbox:
        yield inbox


@pytest.fixture
def settings(inbox: Inbox) -> Settings:
    mail = MailSettings(host="127.0.0.1", port=inbox.port, security="none", sender="tillsight@shop.example", seconds=5)
    return Settings(
        name="Lamps\n& more", timezone="Europe/Berlin", mail=mail, serve=ServeSettings(address="https://shop.example")
    )


@pytest.fixture
def database(tmp_path: Path, settings: Settings) -> Iterator[Database]:
    with Database.open(tmp_path, settings) as database:
        for name, email in (("ana", "Ana@Shop.example"), ("bert", "both@shop.example"), ("carl", "both@shop.example")):
            add_user(database, name, PASSWORD, "analyst")
            with database.write() as session:
                session.execute(update(User).where(User.name == name).values(email=email))
        add_user(database, "dora", PASSWORD, "analyst")
        yield database


def token(message: Any) -> str:
    return link_in(message).rpartition("#")[2]


@pytest.mark.feature("PLT-03")
def test_an_invitation_comes_by_mail_and_its_link_is_only_there(
    tmp_path: Path, settings: Settings, database: Database, inbox: Inbox
) -> None:
    shown = invite(database, "eva", Access(email="eva@shop.example"), 72, BOSS, KNOWN)
    mail_link(tmp_path, settings, database, shown.user.id, BOSS)
    [message] = inbox.messages
    assert message["To"] == "eva@shop.example"
    assert message["Subject"] == "You are invited to Lamps & more"
    assert link_in(message).startswith("https://shop.example/welcome#")
    assert "user name is eva" in message.get_content()
    assert re.search(r"until \d\d \w{3} \d{4} \d\d:\d\d \(Europe/Berlin\)", message.get_content())
    with pytest.raises(NotFoundError):
        look_at_link(database, shown.token)
    assert accept_link(database, token(message), PASSWORD).name == "eva"
    kept = (tmp_path / "app.sqlite").read_bytes() + (tmp_path / "app.sqlite-wal").read_bytes()
    assert token(message).encode() not in kept


@pytest.mark.feature("PLT-03")
def test_who_forgot_his_password_gets_a_link_by_name_or_address(
    tmp_path: Path, settings: Settings, database: Database, inbox: Inbox
) -> None:
    held = reset_link(database, get_user(database, "ana").id, 24, BOSS)
    assert mail_resets(tmp_path, settings, database, meant(database, " ANA@shop.example ")) == 1
    [message] = inbox.messages
    assert message["To"] == "Ana@Shop.example", "mail goes to the address that is kept"
    assert look_at_link(database, held.token), "anybody may ask, so a link of before stays good"
    assert mail_resets(tmp_path, settings, database, meant(database, "ana")) == 0, "nobody is flooded"
    with database.write() as session:
        session.execute(update(OneTimeLink).values(created_at=now() - timedelta(minutes=6)))
    assert mail_resets(tmp_path, settings, database, meant(database, "ana")) == 1
    accept_link(database, token(inbox.messages[-1]), "staple battery horse")
    for used in (token(message), held.token):
        with pytest.raises(NotFoundError):
            look_at_link(database, used)
    assert mail_resets(tmp_path, settings, database, meant(database, "both@shop.example")) == 2


@pytest.mark.feature("PLT-03")
def test_who_may_not_come_in_this_way_gets_no_mail(
    tmp_path: Path, settings: Settings, database: Database, inbox: Inbox
) -> None:
    with database.write() as session:
        session.execute(update(User).where(User.name == "ana").values(active=False))
        elsewhere = {"password_hash": None, "oidc_issuer": "https://login.example", "oidc_subject": "1"}
        session.execute(update(User).where(User.name == "bert").values(**elsewhere))
    for name in ("ana", "bert", "dora", "nobody"):
        assert mail_resets(tmp_path, settings, database, meant(database, name)) == 0
    assert inbox.messages == []
    with pytest.raises(QuestionError, match="No e-mail address is kept of dora"):
        mail_link(tmp_path, settings, database, get_user(database, "dora").id, SYSTEM)


def test_a_mail_that_does_not_go_out_leaves_no_link_and_can_be_asked_for_again(
    tmp_path: Path, settings: Settings, database: Database, inbox: Inbox
) -> None:
    inbox.refuses = "451 later"
    with pytest.raises(MailError, match="451"):
        mail_resets(tmp_path, settings, database, meant(database, "ana"))
    with database.read() as session:
        assert session.scalars(select(OneTimeLink)).all() == []
    inbox.refuses = ""
    assert mail_resets(tmp_path, settings, database, meant(database, "ana")) == 1


@pytest.mark.feature("PLT-03")
def test_asking_costs_the_same_for_who_is_known_and_who_is_not(database: Database) -> None:
    """The same statements in the same order: neither the answer nor its time tells who is known."""

    def asked(text: str) -> list[str]:
        statements: list[str] = []
        listen = lambda *said: statements.append(said[2])  # noqa: E731
        event.listen(database.engine, "before_cursor_execute", listen)
        Jobs(database).start("mail", {"asked": "reset", "users": meant(database, text)}, None, address="192.0.2.1")
        event.remove(database.engine, "before_cursor_execute", listen)
        return statements

    asked("ana")  # the first entry of the log makes its key
    assert asked("ana") == asked("ana@shop.example") == asked("nobody") == asked("nobody@shop.example")
    with database.read() as session:
        said = session.scalars(select(AuditEntry).where(AuditEntry.action == "mail.asked")).all()
    assert len(said) == 5
    assert not any("nobody" in f"{entry.subject}{entry.after}" for entry in said), "what strangers type is not kept"
