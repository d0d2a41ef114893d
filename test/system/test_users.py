# test_users: users from scripts, as an administrator and as others.
# SPDX-License-Identifier: MIT
"""Pages of a kelvin with a redis-server of its own. What is stored is asked
of redis-cli, who may come in of the server itself."""

import json
import shutil
import time

import pytest

import web
from conftest import ROOT
from running import PATIENCE
from test_cache import begin  # noqa: F401 (fixture)
from test_login import NEW, basic, first_login, login
from test_redis import folder, redis  # noqa: F401 (fixtures)

ALL = "0.0.0.0/0,::/0"

# Each is one call whose arguments are those of the request.
CALLS = {
    "add": "ntop.addUser(_GET.u, _GET.n, _GET.p, _GET.r, _GET.nets, _GET.i, "
    "_GET.pool)",
    "role": "ntop.changeUserRole(_GET.u, _GET.r)",
    "nets": "ntop.changeAllowedNets(_GET.u, _GET.nets)",
    "iface": "ntop.changeAllowedIfname(_GET.u, _GET.i)",
    "pool": "ntop.changeUserHostPool(_GET.u, _GET.pool)",
    "life": "ntop.addUserLifetime(_GET.u, _GET.s)",
    "forever": "ntop.clearUserLifetime(_GET.u)",
    "delete": "ntop.deleteUser(_GET.u)",
    "reset": "ntop.resetUserPassword('any', _GET.u, _GET.old, _GET.p)",
    "users": "ntop.getUsers()",
    "who": "ntop.getUserGroup(), ntop.getAllowedNetworks(), "
    "ntop.getNologinUser(), ntop.isLoginDisabled(), _SESSION.user",
    "csrf": "ntop.getRandomCSRFValue(), _SESSION.csrf",
    "fetch": "ntop.httpGet('http://127.0.0.1:1/')",
    "post": "ntop.postHTTPJsonData('', '', 'http://127.0.0.1:1/', '{}')",
}


class Pages:
    """The calls, over HTTP Basic."""

    def __init__(self, site):
        self.site = site

    def call(self, name, by=("admin", NEW), **words):
        query = "&".join(
            f"{key}={''.join(f'%{b:02x}' for b in str(value).encode())}"
            for key, value in words.items()
        )
        answer = self.site.ask(f"/lua/{name}.lua?{query}",
                               headers=[basic(*by)])
        assert answer.status == 200, answer.text
        return json.loads(answer.text)

    def add(self, name="ann", password="her password", **more):
        words = {"n": "Ann", "r": "unprivileged", "nets": ALL, "i": "", **more}
        return self.call("add", u=name, p=password, **words)

    def may_enter(self, user, password):
        return login(self.site, user, password).headers.get(
            "location") in ("/", "/lua/index.lua")


@pytest.fixture(scope="module")
def scripts(tmp_path_factory):
    path = tmp_path_factory.mktemp("scripts") / "scripts"
    shutil.copytree(ROOT / "scripts", path)
    for name, call in CALLS.items():
        # Nothing that follows is lost where a result is nil.
        (path / f"lua/{name}.lua").write_text(
            f"local t = table.pack({call}) "
            "for i = 1, t.n do if t[i] == nil then t[i] = 'nil' end end "
            'print("HTTP/1.1 200 OK\\r\\nContent-Type: application/json'
            '\\r\\n\\r\\n" .. require("dkjson").encode(t))'
            .replace("encode(t)", "encode({table.unpack(t, 1, t.n)})")
        )
    return path


@pytest.fixture
def pages(offline, redis, scripts, tmp_path):  # noqa: F811
    redis.start()
    site = web.Site(offline, tmp_path, "-1", ROOT / "html", "-2", scripts,
                    "-r", f"unix:{redis.path}", needs_login=True)
    site.kelvin.wait_said("redis: connected")
    first_login(site)
    yield Pages(site)
    site.close()


@pytest.fixture
def kept(offline, scripts, tmp_path):
    """Without Redis."""
    site = web.Site(offline, tmp_path, "-1", ROOT / "html", "-2", scripts,
                    needs_login=True)
    first_login(site)
    yield Pages(site)
    site.close()


def stored_all(redis):  # noqa: F811
    keys = redis.cli("keys", "ntopng.user.*").split()
    return {key: redis.cli("get", key) for key in keys}


def stored(redis, user):  # noqa: F811
    """By redis-cli: what there is of a user, but the password."""
    begin = f"ntopng.user.{user}."
    found = {
        key.removeprefix(begin): value
        for key, value in stored_all(redis).items()
        if key.startswith(begin)
    }
    assert found.pop("password", "$y$").startswith("$y$")
    return found


def test_a_user_comes_and_goes(pages, redis):  # noqa: F811
    assert pages.add(pool="3") == [True]
    assert stored(redis, "ann") == {
        "full_name": "Ann", "group": "unprivileged", "allowed_nets": ALL,
        "allowed_ifname": "", "host_pool_id": "3",
    }
    assert pages.may_enter("ann", "her password")
    assert not pages.may_enter("ann", "another one")
    assert pages.add() == [False, "there is such a user already"]
    assert pages.call("delete", u="ann") == [True]
    assert redis.cli("keys", "ntopng.user.ann.*") == ""
    assert pages.call("delete", u="ann") == [False, "there is no such user"]


def test_changes_are_stored(pages, redis):  # noqa: F811
    pages.add()
    assert pages.call("role", u="ann", r="administrator") == [True]
    assert pages.call("nets", u="ann", nets="10.0.0.0/8,::1/128") == [True]
    assert pages.call("iface", u="ann", i="eth7") == [True]
    assert pages.call("pool", u="ann", pool="12") == [True]
    assert pages.call("life", u="ann", s="3600") == [True]
    assert stored(redis, "ann") == {
        "full_name": "Ann", "group": "administrator",
        "allowed_nets": "10.0.0.0/8,::1/128", "allowed_ifname": "eth7",
        "host_pool_id": "12", "expire": "3600",
    }
    assert pages.call("forever", u="ann") == [True]
    assert "expire" not in stored(redis, "ann")
    assert stored(redis, "ann")["host_pool_id"] == "12"


@pytest.mark.parametrize(
    "name, words",
    [
        ("role", {"u": "ann", "r": "root"}),
        ("nets", {"u": "ann", "nets": ""}),
        ("nets", {"u": "ann", "nets": "10.0.0.0/8,x"}),
        ("iface", {"u": "ann", "i": "a\nb"}),
        ("pool", {"u": "ann", "pool": "-1"}),
        ("life", {"u": "ann", "s": "soon"}),
        ("add", {"u": "a b", "n": "", "p": NEW, "r": "unprivileged",
                 "nets": ALL, "i": ""}),
        ("add", {"u": "bob", "n": "", "p": "short", "r": "unprivileged",
                 "nets": ALL, "i": ""}),
        ("add", {"u": "bob", "n": "", "p": NEW, "r": "captive_portal",
                 "nets": ALL, "i": ""}),
        ("reset", {"u": "ann", "old": "", "p": "short"}),
        ("role", {"u": "*", "r": "administrator"}),
        ("delete", {"u": "nobody.here"}),
        # Nobody locks themselves out, and the first password does not return.
        ("role", {"u": "admin", "r": "unprivileged"}),
        ("delete", {"u": "admin"}),
    ],
)
def test_bad_values_change_nothing(
    name, words, pages, redis  # noqa: F811
):
    pages.add()
    before = stored_all(redis)
    result, why = pages.call(name, **words)
    assert result is False
    assert why
    assert stored_all(redis) == before


def test_other_administrators_cannot_delete_admin(pages):
    pages.add("bob", "his password", r="administrator")
    by = ("bob", "his password")
    assert pages.call("delete", by, u="admin") == [
        False, "the user admin stays"
    ]
    assert pages.call("delete", by, u="bob") == [
        False, "nobody deletes the own user"
    ]
    assert pages.call("role", by, u="admin", r="unprivileged") == [True]
    assert pages.call("delete", by, u="ann")[0] is False


def test_passwords_are_changed(pages):
    pages.add()
    assert pages.call("reset", u="ann", old="", p="a second one") == [True]
    assert pages.may_enter("ann", "a second one")
    assert pages.call("reset", u="ann", old="wrong one", p=NEW) == [
        False, "the old password is another"
    ]
    assert pages.call("reset", u="nobody", old="", p=NEW)[0] is False
    by = ("ann", "a second one")
    assert pages.call("reset", by, u="ann", old="", p="the third one") == [
        False, "the old password is another"
    ]
    assert pages.call("reset", by, u="ann", old="a second one",
                      p="the third one") == [True]
    assert pages.may_enter("ann", "the third one")
    assert not pages.may_enter("ann", "a second one")


def test_all_users_are_listed(pages, redis):  # noqa: F811
    pages.add(nets="10.0.0.0/8", i="eth7", pool="3")
    redis.cli("set", "ntopng.user.md5.password",
              "21232f297a57a5a743894a0e4a801fc3")
    redis.cli("set", "ntopng.user.portal.password", "x")
    redis.cli("set", "ntopng.user.portal.group", "captive_portal")
    redis.cli("set", "ntopng.user.a b.password", "x")
    redis.cli("set", "ntopng.user..password", "x")
    redis.cli("eval", "for i = 1, 5000 do redis.call('set', 'k' .. i, 1) end",
              "0")
    (users,) = pages.call("users")
    assert sorted(users) == ["admin", "ann", "md5"]
    assert users["ann"].pop("password").startswith("$y$")
    assert users["ann"] == {
        "full_name": "Ann", "group": "unprivileged", "host_pool_id": 3,
        "allowed_nets": "10.0.0.0/8", "allowed_ifname": "eth7",
    }
    assert users["admin"]["group"] == "administrator"
    assert users["md5"]["full_name"] == "unknown"


def test_without_redis_users_are_in_memory(kept):
    assert kept.add(pool="3") == [True]
    assert kept.call("life", u="ann", s="60") == [True]
    (users,) = kept.call("users")
    assert sorted(users) == ["admin", "ann"]
    assert users["ann"]["limited_lifetime"] == 60
    assert users["ann"]["host_pool_id"] == 3
    assert kept.call("forever", u="ann") == [True]
    assert "limited_lifetime" not in kept.call("users")[0]["ann"]
    assert kept.may_enter("ann", "her password")
    assert kept.call("delete", u="ann") == [True]
    assert sorted(kept.call("users")[0]) == ["admin"]


def test_who_it_is(pages):
    pages.add(nets="10.0.0.0/8,192.0.2.0/24")
    assert pages.call("who") == [
        "administrator", ALL, "nologin", False, "admin"
    ]
    assert pages.call("who", ("ann", "her password")) == [
        "unprivileged", "10.0.0.0/8,192.0.2.0/24", "nologin", False, "ann"
    ]


def test_the_token_is_that_of_the_session(pages):
    mine = login(pages.site, "admin", NEW).headers["set-cookie"].split(";")[0]
    answer = pages.site.ask("/lua/csrf.lua", headers=[f"Cookie: {mine}"])
    token, known = json.loads(answer.text)
    assert len(token) == 32
    assert token == known
    assert pages.call("csrf") == ["", ""]  # Basic has no session


@pytest.mark.parametrize("name", sorted(set(CALLS) - {"who", "csrf"}))
def test_others_may_nothing(name, pages, redis):  # noqa: F811
    pages.add()
    pages.add("bob", "his password")
    before = stored_all(redis)
    words = {"u": "bob", "n": "", "p": NEW, "r": "administrator", "nets": ALL,
             "i": "", "pool": "1", "s": "1", "old": "his password"}
    result = pages.call(name, ("ann", "her password"), **words)
    assert result[0] in (False, "nil")
    assert result[1] == "not allowed"
    assert stored_all(redis) == before
    assert pages.may_enter("bob", "his password")


@pytest.mark.parametrize("key", ["allowed_nets", "allowed_ifname"])
def test_a_key_of_a_wrong_type_denies(key, pages, redis):  # noqa: F811
    pages.add(nets="127.0.0.0/8")
    redis.cli("del", f"ntopng.user.ann.{key}")
    redis.cli("lpush", f"ntopng.user.ann.{key}", ALL)
    (users,) = pages.call("users")
    assert users["ann"][key] == "?"
    if key == "allowed_nets":
        assert pages.call("who", ("ann", "her password"))[1] == ""
    # An administrator can put it right.
    redis.cli("del", f"ntopng.user.ann.{key}")
    assert pages.call("nets", u="ann", nets="10.0.0.0/8") == [True]
    assert pages.call("users")[0]["ann"]["allowed_nets"] == "10.0.0.0/8"


def test_a_password_of_a_wrong_type_is_nobodys(pages, redis):  # noqa: F811
    """Least of all the first one of the first administrator."""
    redis.cli("del", "ntopng.user.admin.password")
    redis.cli("hset", "ntopng.user.admin.password", "a", "b")
    answer = login(pages.site, "admin", "admin")
    assert "session=" not in answer.headers.get("set-cookie", "")
    assert answer.headers.get("location", "").find("change_password") < 0


def test_redis_away(pages, redis):  # noqa: F811
    """Who is logged in goes on, but nothing can be changed."""
    mine = login(pages.site, "admin", NEW).headers["set-cookie"].split(";")[0]
    headers = [f"Cookie: {mine}"]
    assert pages.site.ask("/lua/who.lua", headers=headers).status == 200
    redis.kill()
    pages.site.kelvin.wait_said("redis: ", times=2)
    for path, nothing in (("users", "nil"), ("delete", False)):
        answer = pages.site.ask(f"/lua/{path}.lua?u=ann", headers=headers)
        assert json.loads(answer.text) == [nothing, "Redis does not answer"]


def test_callbacks_and_errands_are_administrators(begin, redis):  # noqa: F811
    redis.start()
    one = begin(
        "while not ntop.setCache('a', 'b') or ntop.getCache('a') ~= 'b' do end "
        f"print(ntop.addUser('ann', '', 'her password', 'unprivileged', '{ALL}'"
        ", '')) print(ntop.getUserGroup(), ntop.getUsers().ann.group)",
        "-r", f"unix:{redis.path}",
    )
    out, err = one.communicate(timeout=60)
    assert one.returncode == 0, err
    assert out == "true\nadministrator\tunprivileged\n"


def test_the_own_password_is_for_who_knows_it(kept):
    another = "another password"
    no = [False, "the old password is another"]
    assert kept.call("reset", u="admin", old="", p=another) == no
    assert kept.call("reset", u="admin", old=NEW, p=another) == [True]


def test_sessions_end_with_their_user_without_redis(kept):
    assert kept.add() == [True]
    answer = login(kept.site, "ann", "her password")
    cookie = "Cookie: " + answer.headers["set-cookie"].split(";")[0]

    def status():
        return kept.site.ask("/lua/who.lua", headers=[cookie]).status

    assert status() == 200
    assert kept.call("delete", u="ann") == [True]
    end = time.monotonic() + PATIENCE
    while status() == 200:
        assert time.monotonic() < end, "the session outlives its user"
        time.sleep(0.2)
