/* test_vhosts: names that web servers answer to. SPDX-License-Identifier: MIT
 */
#include "core/model/vhosts.h"
#include "core/util/mem.h"
#include "frame.h"

#define NOW 1600000000u

static int make(void **state)
{
    static const struct hash_key key = {{1, 2, 3, 4, 5, 6, 7}};
    struct vhosts *vhosts = mem_calloc(1, sizeof(*vhosts));

    vhosts_init(vhosts, &key);
    *state = vhosts;
    return 0;
}

static int unmake(void **state)
{
    vhosts_clear(*state);
    free(*state);
    return 0;
}

static struct addr server(unsigned number)
{
    char text[32];
    struct addr addr;

    snprintf(text, sizeof(text), "10.0.%u.%u", number / 256, number % 256);
    assert_true(addr_parse(text, &addr));
    return addr;
}

static void ask(struct vhosts *vhosts, unsigned number, const char *header,
                uint32_t now_s)
{
    struct addr addr = server(number);

    vhosts_request(vhosts, &addr, 0, header, strlen(header), now_s);
}

static const struct vhost *named(const struct vhosts *vhosts, const char *name)
{
    const struct vhost *vhost;
    uint32_t cursor = 0;

    while ((vhost = vhosts_next(vhosts, &cursor)) != NULL)
        if (strcmp(vhost->name, name) == 0)
            return vhost;
    return NULL;
}

static void spellings_are_one_name(void **state)
{
    struct vhosts *vhosts = *state;
    const struct traffic traffic[WAYS] = {{1, 100}, {2, 3000}};
    struct addr addr = server(1);

    ask(vhosts, 1, "www.example.org", NOW);
    ask(vhosts, 1, "WWW.Example.org:8080", NOW);
    ask(vhosts, 1, "", NOW);
    ask(vhosts, 1, ":80", NOW);
    ask(vhosts, 1, "[2001:db8::1]:80", NOW);
    assert_int_equal(vhosts->pool.count, 2);
    assert_int_equal(named(vhosts, "www.example.org")->requests, 2);
    assert_int_equal(named(vhosts, "[2001:db8::1]")->requests, 1);
    vhosts_add(vhosts, &addr, 0, "www.EXAMPLE.org", 15, traffic, NOW);
    vhosts_add(vhosts, &addr, 0, "elsewhere", 9, traffic, NOW);
    assert_int_equal(named(vhosts, "www.example.org")->traffic[WAY_SENT].bytes,
                     3000);
    assert_int_equal(named(vhosts, "www.example.org")->traffic[WAY_RCVD].bytes,
                     100);
    assert_null(named(vhosts, "elsewhere"));
}

static void servers_and_vlans_are_apart(void **state)
{
    struct vhosts *vhosts = *state;
    struct addr addr = server(1);

    ask(vhosts, 1, "a", NOW);
    ask(vhosts, 2, "a", NOW);
    ask(vhosts, 2, "b", NOW);
    vhosts_request(vhosts, &addr, 7, "a", 1, NOW);
    assert_int_equal(vhosts->pool.count, 4);
    assert_int_equal(vhosts_of_server(vhosts, &addr, 0), 1);
    assert_int_equal(vhosts_of_server(vhosts, &addr, 7), 1);
    addr = server(2);
    assert_int_equal(vhosts_of_server(vhosts, &addr, 0), 2);
}

static void one_server_takes_no_room_from_others(void **state)
{
    struct vhosts *vhosts = *state;
    struct addr addr = server(1);
    char name[32];

    ask(vhosts, 2, "other", NOW);
    for (int i = 0; i < 3 * VHOSTS_PER_SERVER; i++) {
        snprintf(name, sizeof(name), "n%d", i);
        ask(vhosts, 1, name, NOW);
        ask(vhosts, 1, "busy", NOW);
    }
    assert_int_equal(vhosts_of_server(vhosts, &addr, 0), VHOSTS_PER_SERVER);
    assert_non_null(named(vhosts, "other"));
    assert_non_null(named(vhosts, "busy"));
    assert_non_null(named(vhosts, name));
    assert_null(named(vhosts, "n0"));
    assert_int_equal(vhosts->evicted,
                     3 * VHOSTS_PER_SERVER + 1 - VHOSTS_PER_SERVER);
}

static void all_of_them_are_bounded(void **state)
{
    struct vhosts *vhosts = *state;

    for (unsigned i = 0; i < 3 * VHOSTS_MAX; i++)
        ask(vhosts, i, "name", NOW);
    assert_int_equal(vhosts->pool.count, VHOSTS_MAX);
    assert_int_equal(vhosts->evicted, 2 * VHOSTS_MAX);
}

static void long_names_are_cut(void **state)
{
    struct vhosts *vhosts = *state;
    char name[1000];

    memset(name, 'x', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    ask(vhosts, 1, name, NOW);
    name[VHOST_NAME_SIZE - 1] = '\0';
    assert_non_null(named(vhosts, name));
}

/* Of a period of five seconds, which begins at a multiple of five. */
static void recent_requests_are_those_of_the_last_period(void **state)
{
    struct vhosts *vhosts = *state;
    const struct vhost *vhost;

    ask(vhosts, 1, "a", NOW);
    vhost = named(vhosts, "a");
    assert_int_equal(vhost_recent(vhost, NOW + 4), 0);
    ask(vhosts, 1, "a", NOW + 4);
    assert_int_equal(vhost_recent(vhost, NOW + 5), 2);
    assert_int_equal(vhost_trend(vhost, NOW + 5), TREND_UP);
    ask(vhosts, 1, "a", NOW + 5);
    assert_int_equal(vhost_recent(vhost, NOW + 5), 2);
    assert_int_equal(vhost_recent(vhost, NOW + 10), 1);
    assert_int_equal(vhost_trend(vhost, NOW + 10), TREND_DOWN);
    assert_int_equal(vhost_recent(vhost, NOW + 15), 0);
    assert_int_equal(vhost_recent(vhost, NOW + 1000), 0);
    /* The clock of a capture may go backwards. */
    ask(vhosts, 1, "a", NOW - 100);
    assert_int_equal(vhost_recent(vhost, NOW - 95), 1);
    assert_int_equal(vhost->requests, 4);
}

static void the_header_is_found(void **state)
{
    static const struct {
        const char *request;
        const char *host; /* NULL: there is none */
    } rows[] = {
        {"GET / HTTP/1.1\r\nHost: a.b\r\n\r\n", "a.b"},
        {"GET / HTTP/1.1\nhost:a.b\n\n", "a.b"},
        {"GET / HTTP/1.1\r\nA: b\r\nHOST: \t a.b \r\n\r\n", "a.b"},
        {"GET / HTTP/1.1\r\nHost:\r\n\r\n", ""},
        {"GET / HTTP/1.1\r\nHost:   \r\n\r\n", ""},
        {"GET / HTTP/1.1\r\nX-Host: a\r\n\r\n", NULL},
        {"GET / HTTP/1.1\r\n\r\nHost: a\r\n", NULL},
        {"GET / HTTP/1.1\r\nHost: cut", NULL},
        {"GET / HTTP/1.1", NULL},
        {"GET / HTTP/1.1\r\nHo", NULL},
        {"", NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        size_t size = strlen(rows[i].request);
        uint8_t *request = mem_alloc(size + 1); /* of its size, for ASan */
        size_t len = 0;
        const char *found;

        memcpy(request, rows[i].request, size);
        found = vhost_header(request, size, &len);
        if ((found == NULL) != (rows[i].host == NULL))
            fail_msg("%s", rows[i].request);
        if (found != NULL) {
            assert_int_equal(len, strlen(rows[i].host));
            assert_memory_equal(found, rows[i].host, len);
        }
        free(request);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make, unmake)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(spellings_are_one_name),
        TEST(servers_and_vlans_are_apart),
        TEST(one_server_takes_no_room_from_others),
        TEST(all_of_them_are_bounded),
        TEST(long_names_are_cut),
        TEST(recent_requests_are_those_of_the_last_period),
        cmocka_unit_test(the_header_is_found),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
