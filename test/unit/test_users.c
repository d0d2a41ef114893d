/* test_users: passwords, users, their values. SPDX-License-Identifier: MIT */
#include "core/run/users.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define PATIENCE_US 60000000

struct scene {
    struct loop *loop;
    struct loop_source *limit;
    struct passwords *passwords;
    struct users *users;
    enum users_result result;
    char name[USER_NAME_MAX + 1];
    bool must_change;
};

static void hashes_of_all_formats(void **state)
{
    static const struct {
        const char *password, *stored;
        bool is_right;
    } rows[] = {
        {"admin", "21232f297a57a5a743894a0e4a801fc3", true},
        {"Admin", "21232f297a57a5a743894a0e4a801fc3", false},
        {"admin", "21232F297A57A5A743894A0E4A801FC3", false},
        {"admin", "21232f297a57a5a743894a0e4a801fc", false},
        {"admin", "admin", false},
        {"", "", false},
        {"x", "*0", false},
        {"x", "$", false},
        {"x", "$y$", false},
        {"x", "$y$j9T$short", false},
        {"Hello world!",
         "$5$saltstring$5B8vYYiY.CVt1RlTTf8KbXBH3hsxY/GNooZaBBGWEc5", true},
        {"Hello world?",
         "$5$saltstring$5B8vYYiY.CVt1RlTTf8KbXBH3hsxY/GNooZaBBGWEc5", false},
    };
    char hash[PASSWORD_HASH_SIZE];

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_int_equal(passwords_match(rows[i].password, rows[i].stored),
                         rows[i].is_right);
    assert_true(passwords_make("a secret", hash));
    assert_memory_equal(hash, "$y$", 3);
    assert_true(passwords_match("a secret", hash));
    assert_false(passwords_match("a secreT", hash));
}

static void bad_values_are_refused(void **state)
{
    static const char *const names[] = {
        "", "a b", "a*", "a:b", "a/b", "nologin", "\xc3\xa4", "a\nb", "?"};
    static const struct user_values values[] = {
        {.full_name = "a\nb"},
        {.full_name = "\xff"},
        {.group = "root"},
        {.group = ""},
        {.allowed_nets = "x"},
        {.allowed_nets = ""},
        {.allowed_nets = "1.2.3.0/24,y"},
        {.host_pool_id = "x"},
        {.lifetime = "-1"},
        {.lifetime = "12345678901"},
    };
    static const struct user_values good = {
        .full_name = "\xc3\xa4",
        .group = "administrator",
        .allowed_nets = "10.0.0.0/8,::1/128",
        .allowed_ifname = "",
        .host_pool_id = "12",
        .lifetime = "",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        assert_non_null(users_refuse_name(names[i]));
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
        assert_non_null(users_refuse_values(&values[i]));
    assert_null(users_refuse_name("a.b-c_d@example"));
    assert_null(users_refuse_values(&good));
    assert_non_null(passwords_refuse("short", "ann"));
    assert_non_null(passwords_refuse("annannann", "annannann"));
    assert_null(passwords_refuse("long enough", "ann"));
}

static void networks_of_a_user(void **state)
{
    static const char *const texts[] = {USER_ALL_NETS, "10.0.0.0/8", "what"};
    static const bool sees[][2] = {{true, true}, {true, false}, {false, false}};
    struct addr addrs[2];

    (void)state;
    assert_true(addr_parse("10.1.2.3", &addrs[0]));
    assert_true(addr_parse("192.0.2.1", &addrs[1]));
    for (size_t i = 0; i < 3; i++) {
        struct user_values values = {.allowed_nets = texts[i]};
        struct user *user = user_new("ann", "", &values);

        for (size_t j = 0; j < 2; j++)
            assert_int_equal(user->networks == NULL ||
                                 network_find(user->networks, &addrs[j]) >= 0,
                             sees[i][j]);
        user_release(user);
    }
}

static void on_done(void *arg, enum users_result result,
                    const struct user *user)
{
    struct scene *scene = arg;

    scene->result = result;
    scene->must_change = user != NULL && user->must_change;
    strcpy(scene->name, user != NULL ? user->name : "");
    loop_stop(scene->loop);
}

static void on_limit(void *arg)
{
    (void)arg;
    fail_msg("it takes too long");
}

static enum users_result wait_for(struct scene *scene)
{
    loop_run(scene->loop);
    return scene->result;
}

static void users_come_and_go(void **state)
{
    static const struct user_values values = {
        .full_name = "Ann",
        .group = "administrator",
        .allowed_nets = USER_ALL_NETS,
        .allowed_ifname = "",
    };
    static const struct user_values less = {.group = "unprivileged"};
    struct scene scene = {.loop = loop_new()};

    (void)state;
    scene.limit =
        loop_after(scene.loop, PATIENCE_US, LOOP_TICK, on_limit, NULL);
    scene.passwords = passwords_new(scene.loop, NULL);
    scene.users = users_new(scene.loop, NULL, scene.passwords);
    users_login(scene.users, "admin", "admin", on_done, &scene);
    assert_int_equal(wait_for(&scene), USERS_OK);
    assert_true(scene.must_change);
    users_create(scene.users, "ann", "her password", &values, on_done, &scene);
    assert_int_equal(wait_for(&scene), USERS_OK);
    users_create(scene.users, "ann", "her password", &values, on_done, &scene);
    assert_int_equal(wait_for(&scene), USERS_EXISTS);
    users_login(scene.users, "ann", "her password", on_done, &scene);
    assert_int_equal(wait_for(&scene), USERS_OK);
    assert_string_equal(scene.name, "ann");
    users_change(scene.users, "ann", &less, on_done, &scene);
    assert_int_equal(wait_for(&scene), USERS_OK);
    users_login(scene.users, "ann", "another", on_done, &scene);
    assert_int_equal(wait_for(&scene), USERS_UNKNOWN);
    users_delete(scene.users, "ann", on_done, &scene);
    assert_int_equal(wait_for(&scene), USERS_OK);
    users_find(scene.users, "ann", on_done, &scene);
    assert_int_equal(wait_for(&scene), USERS_UNKNOWN);
    /* Freed with work to do. */
    users_set_password(scene.users, "admin", "something", on_done, &scene);
    users_free(scene.users);
    passwords_free(scene.passwords);
    loop_source_free(scene.limit);
    loop_free(scene.loop);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hashes_of_all_formats),
        cmocka_unit_test(bad_values_are_refused),
        cmocka_unit_test(networks_of_a_user),
        cmocka_unit_test(users_come_and_go),
    };

    if (argc == 2 && strcmp(argv[1], PASSWORDS_HELPER) == 0)
        return passwords_serve(PASSWORDS_FD);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
