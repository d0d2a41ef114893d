/* test_store_target: what -r may say. SPDX-License-Identifier: MIT */
#include "core/run/store_target.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const struct {
    const char *text;
    enum store_target_kind kind;
    const char *host; /* or path */
    unsigned port;
    const char *password;
    unsigned database;
} good[] = {
    {"none", STORE_TARGET_NONE, "", 0, "", 0},
    {"", STORE_TARGET_TCP, "127.0.0.1", 6379, "", 0},
    {"@3", STORE_TARGET_TCP, "127.0.0.1", 6379, "", 3},
    {":6380", STORE_TARGET_TCP, "127.0.0.1", 6380, "", 0},
    {"redis", STORE_TARGET_TCP, "redis", 6379, "", 0},
    {"redis@15", STORE_TARGET_TCP, "redis", 6379, "", 15},
    {"10.0.0.1:7000", STORE_TARGET_TCP, "10.0.0.1", 7000, "", 0},
    {"10.0.0.1:7000:pw", STORE_TARGET_TCP, "10.0.0.1", 7000, "pw", 0},
    {"h:1:pw@2", STORE_TARGET_TCP, "h", 1, "pw", 2},
    {"h:1:p:w", STORE_TARGET_TCP, "h", 1, "p:w", 0},
    {"h:1:p@w", STORE_TARGET_TCP, "h", 1, "p@w", 0},
    {"h:1:p@w@0", STORE_TARGET_TCP, "h", 1, "p@w", 0},
    {"h:1:p@", STORE_TARGET_TCP, "h", 1, "p@", 0},
    {"h:65535:", STORE_TARGET_TCP, "h", 65535, "", 0},
    {"[::1]", STORE_TARGET_TCP, "::1", 6379, "", 0},
    {"[::1]@4", STORE_TARGET_TCP, "::1", 6379, "", 4},
    {"[2001:db8::7]:7:a]b@1", STORE_TARGET_TCP, "2001:db8::7", 7, "a]b", 1},
    {"[fe80::1%lo]:7", STORE_TARGET_TCP, "fe80::1%lo", 7, "", 0},
    {"unix:/run/redis.sock", STORE_TARGET_UNIX, "/run/redis.sock", 0, "", 0},
    {"unix:/run/r.sock@2", STORE_TARGET_UNIX, "/run/r.sock", 0, "", 2},
    {"/run/r.sock@2", STORE_TARGET_UNIX, "/run/r.sock", 0, "", 2},
    {"/run/a@b", STORE_TARGET_UNIX, "/run/a@b", 0, "", 0},
    {"None", STORE_TARGET_TCP, "None", 6379, "", 0},
};

static const struct {
    const char *text;
    const char *part;
} bad[] = {
    {"h:0", "1 to 65535"},
    {"h:65536", "1 to 65535"},
    {"h:99999999999999999999", "1 to 65535"},
    {"h:", "1 to 65535"},
    {"h:x", "1 to 65535"},
    {"h:-1", "1 to 65535"},
    {"::1", "brackets"},
    {"2001:db8::7", "brackets"},
    {"[::1", "open"},
    {"[::1]7", "colon"},
    {"[redis]:1", "brackets"},
    {"[]:1", "brackets"},
    {"h@x", "not the name of a host"},
    {"h o", "not the name of a host"},
    {"h\x01", "not the name of a host"},
    {"http://h", "1 to 65535"},
    {"h@1000001", "too large"},
    {"h@99999999999999999999", "too large"},
    {"h:1:p\x7fw", "password"},
    {"unix:", "must begin with /"},
    {"unix:run/r.sock", "must begin with /"},
    {"unix:@3", "must begin with /"},
    {"/a\nb", "control"},
};

static void good_texts_are_understood(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        struct store_target target;
        struct strbuf reason;

        strbuf_init(&reason, 512);
        if (!store_target_parse(good[i].text, &target, &reason))
            fail_msg("%s: %s", good[i].text, reason.text);
        assert_int_equal(target.kind, good[i].kind);
        assert_string_equal(good[i].kind == STORE_TARGET_UNIX ? target.path
                                                              : target.host,
                            good[i].host);
        assert_int_equal(target.port, good[i].port);
        assert_string_equal(target.password, good[i].password);
        assert_int_equal(target.database, good[i].database);
        strbuf_free(&reason);
    }
}

static void bad_texts_are_refused_without_showing_them(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct strbuf reason;

        strbuf_init(&reason, 512);
        if (store_target_check(bad[i].text, &reason))
            fail_msg("%s passes", bad[i].text);
        if (strstr(reason.text, bad[i].part) == NULL)
            fail_msg("%s: %s", bad[i].text, reason.text);
        strbuf_free(&reason);
    }
}

static void long_parts_are_refused(void **state)
{
    static const char *const heads[] = {"", "h:1:", "unix:/", "/"};

    (void)state;
    for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
        char text[1024];
        struct strbuf reason;

        memset(text, 'a', sizeof(text));
        memcpy(text, heads[i], strlen(heads[i]));
        text[sizeof(text) - 1] = '\0';
        strbuf_init(&reason, 512);
        assert_false(store_target_check(text, &reason));
        strbuf_free(&reason);
    }
}

static void names_hide_passwords(void **state)
{
    static const char *const pairs[][2] = {
        {"h:1:secret@2", "h:1@2"},
        {"[::1]:7:secret", "[::1]:7@0"},
        {"unix:/run/r@1", "unix:/run/r@1"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        struct store_target target;
        struct strbuf reason;
        char name[STORE_NAME_SIZE];

        strbuf_init(&reason, 512);
        assert_true(store_target_parse(pairs[i][0], &target, &reason));
        assert_string_equal(store_target_name(&target, name), pairs[i][1]);
        strbuf_free(&reason);
    }
}

static void numbers_and_localhost_need_no_look_up(void **state)
{
    struct store_target target;
    struct store_addrs addrs;
    struct strbuf error;

    (void)state;
    strbuf_init(&error, 512);
    assert_true(store_target_parse("localhost:7", &target, &error));
    assert_true(store_target_resolve(&target, &addrs, &error));
    assert_int_equal(addrs.count, 2);
    assert_int_equal(addrs.items[0].v4.sin_port, htons(7));
    assert_int_equal(addrs.items[1].any.sa_family, AF_INET6);
    assert_true(store_target_parse("[2001:db8::7]:8", &target, &error));
    assert_true(store_target_resolve(&target, &addrs, &error));
    assert_int_equal(addrs.items[0].any.sa_family, AF_INET6);
    assert_int_equal(addrs.items[0].v6.sin6_port, htons(8));
    assert_true(store_target_parse("no-such-host.invalid", &target, &error));
    assert_false(store_target_resolve(&target, &addrs, &error));
    assert_non_null(strstr(error.text, "no-such-host.invalid"));
    strbuf_free(&error);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_texts_are_understood),
        cmocka_unit_test(bad_texts_are_refused_without_showing_them),
        cmocka_unit_test(long_parts_are_refused),
        cmocka_unit_test(names_hide_passwords),
        cmocka_unit_test(numbers_and_localhost_need_no_look_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
