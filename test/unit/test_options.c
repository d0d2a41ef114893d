/* test_options: words and lines to options. SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/run/option_file.h"
#include "core/run/option_table.h"
#include "core/run/option_value.h"
#include "core/run/options.h"

#define WORDS_MAX 16

/* Split at '|' and parse as `kelvin WORD...`; the words are kept in `text`. */
static enum options_result parse(const char *line, struct options *options,
                                 struct strbuf *error)
{
    char text[1024];
    char *argv[WORDS_MAX + 2] = {(char *)"kelvin"};
    char *at = text;
    int argc = 1;

    snprintf(text, sizeof(text), "%s", line);
    while (*line != '\0' && at != NULL && argc <= WORDS_MAX)
        argv[argc++] = strsep(&at, "|");
    strbuf_init(error, 2048);
    return options_parse(argc, argv, options, error);
}

static void add_list(struct strbuf *text, const struct options_list *list)
{
    size_t i;

    for (i = 0; i < list->count; i++)
        strbuf_printf(text, "%s%s", i > 0 ? "," : "", list->items[i]);
}

static void add_cores(struct strbuf *text, const cpu_set_t *cores)
{
    size_t i;

    for (i = 0; i < CPU_SETSIZE; i++)
        if (CPU_ISSET(i, cores))
            strbuf_printf(text, "%zu,", i);
}

static void add_interfaces(struct strbuf *text, const struct options *options)
{
    size_t i;

    for (i = 0; i < options->interface_count; i++) {
        const struct options_interface *at = &options->interfaces[i];

        strbuf_printf(text, "[%s %s %s]", at->given, at->name,
                      at->filter != NULL ? at->filter : "-");
    }
}

/* Append the member of a row as text. */
static void add_member(struct strbuf *text, const struct options *options,
                       const struct option_row *row)
{
    const void *member = (const char *)options + row->offset;
    const int *numbers = member;
    const char *words;

    switch (row->type) {
    case OPTION_FLAG:
        strbuf_printf(text, "%d", *(const bool *)member);
        break;
    case OPTION_INT:
    case OPTION_HOSTS:
        strbuf_printf(text, "%d", *numbers);
        break;
    case OPTION_TEXT:
    case OPTION_PATH:
    case OPTION_RUN:
        words = *(char *const *)member;
        strbuf_puts(text, words != NULL ? words : "NULL");
        break;
    case OPTION_LIST:
    case OPTION_PATHS:
        add_list(text, member);
        break;
    case OPTION_CORES:
        add_cores(text, member);
        break;
    case OPTION_INTERFACE:
        add_interfaces(text, options);
        break;
    case OPTION_TIMEOUT:
        strbuf_printf(text, "%d %d %d %d %d %d", numbers[0], numbers[1],
                      numbers[2], numbers[3], numbers[4], numbers[5]);
        break;
    case OPTION_HELP:
    case OPTION_VERSION:
        break;
    }
}

static const struct option_row *row_named(const char *name)
{
    size_t count, i;
    const struct option_row *rows = option_rows(&count);

    for (i = 0; i < count; i++)
        if (strcmp(rows[i].name, name) == 0)
            return &rows[i];
    fail_msg("there is no row %s", name);
    return NULL;
}

static void assert_member(const struct options *options, const char *name,
                          const char *expected, const char *input)
{
    struct strbuf text;

    strbuf_init(&text, 4096);
    add_member(&text, options, row_named(name));
    if (strcmp(text.text, expected) != 0)
        print_error("of '%s', %s:\n", input, name);
    assert_string_equal(text.text, expected);
    strbuf_free(&text);
}

struct good {
    const char *words;
    const char *name;     /* of the option to look at */
    const char *expected; /* as add_member() writes it */
};

/* The defaults first, then every type in every way to write it. */
static const struct good good_words[] = {
    {"", "interface", ""},
    {"", "packet-filter", "NULL"},
    {"", "no-promisc", "0"},
    {"", "capture-direction", "0"},
    {"", "snaplen", "2048"},
    {"", "buffer-size", "4"},
    {"", "dns-mode", "0"},
    {"", "max-num-flows", "131072"},
    {"", "max-num-hosts", "131072"},
    {"", "flow-timeout", "30 300 10 60 30 60"},
    {"", "sticky-hosts", "0"},
    {"", "http-port", ""},
    {"-w|3000|--http-port=:80", "http-port", "3000,:80"},
    {"", "https-port", ""},
    {"", "disable-login", "-1"},
    {"", "core-affinity", ""},
    {"", "verbose", "-1"},
    {"", "log-file", "NULL"},
    {"", "run-after", "0"},
    {"-i|eth0", "interface", "[eth0 eth0 -]"},
    {"-ieth0", "interface", "[eth0 eth0 -]"},
    {"-i=eth0", "interface", "[eth0 eth0 -]"},
    {"--interface|eth0", "interface", "[eth0 eth0 -]"},
    {"--interface=eth0", "interface", "[eth0 eth0 -]"},
    {"--inter|eth0", "interface", "[eth0 eth0 -]"},
    {"-i|eth0|-i|-", "interface", "[eth0 eth0 -][- - -]"},
    {"-i|eth0;not port 22", "interface", "[eth0;not port 22 eth0 not port 22]"},
    {"-i|a=b.pcap;", "interface", "[a=b.pcap; a=b.pcap ]"},
    {"-i|-e", "interface", "[-e -e -]"},
    {"-B|tcp[13] = 2", "packet-filter", "tcp[13] = 2"},
    {"-B|\"port 53\"", "packet-filter", "port 53"},
    {"-B|a|-B|b", "packet-filter", "b"},
    {"-B|", "packet-filter", ""},
    {"-m|\"10.0.0.0/8,::1/128\"", "local-networks", "10.0.0.0/8,::1/128"},
    {"-ue", "no-promisc", "1"},
    {"-ue", "daemon", "1"},
    {"-uv4", "verbose", "4"},
    {"-uv|4", "verbose", "4"},
    {"--daemon|-d|/d", "log-file", "/d/kelvin.log"},
    {"--daemon|--syslog", "log-file", "NULL"},
    {"-e|-d|/d|--log-file|/l", "log-file", "/l"},
    {"-v|0", "verbose", "0"},
    {"-v|6", "verbose", "6"},
    {"-v|1|-v|3", "verbose", "3"},
    {"--snaplen=64", "snaplen", "64"},
    {"--snaplen|262144", "snaplen", "262144"},
    {"-X|1024", "max-num-flows", "1024"},
    {"-x|0001024", "max-num-hosts", "1024"},
    {"-l|1", "disable-login", "1"},
    {"-D|all|-S|remote", "dump-hosts", "3"},
    {"-D|all|-S|remote", "sticky-hosts", "2"},
    {"-S|local|-S|none", "sticky-hosts", "0"},
    {"-g|3", "core-affinity", "3,"},
    {"-g|0,2-4", "core-affinity", "0,2,3,4,"},
    {"-g|1|-g|1023", "core-affinity", "1023,"},
    {"--flow-timeout=udp=1", "flow-timeout", "30 300 10 1 30 60"},
    {"--flow-timeout|other=86400,icmp=2|--flow-timeout=tcp-closed=3",
     "flow-timeout", "30 300 3 60 2 86400"},
    {"-F|file;-|-F|es;a;b;http://h/?c=d", "dump-flows",
     "file;-,es;a;b;http://h/?c=d"},
    {"--geoip=/a|--geoip=/b", "geoip", "/a,/b"},
    {"-r|unix:/run/redis", "redis", "unix:/run/redis"},
    {"-r|@2", "redis", "@2"},
    {"-w|[::1]:3000", "http-port", "[::1]:3000"},
    {"-Z|/kelvin", "http-prefix", "/kelvin"},
    {"-1|a|-2|b|-3|c", "scripts-dir", "b"},
    {"-N|here", "instance-name", "here"},
    {"-U|nobody", "user", "nobody"},
    {"-G|/run/k.pid", "pid", "/run/k.pid"},
    {"--run|/s.lua|-i|--help", "run", "/s.lua"},
    {"--test-export=file;-", "test-export", "file;-"},
    {"--progress|--", "progress", "1"},
    {"test/unit/options.conf|-v|1", "interface", "[eth9;port 1 eth9 port 1]"},
    {"test/unit/options.conf|-v|1", "verbose", "1"},
};

static void good_words_set_members(void **state)
{
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(good_words) / sizeof(good_words[0]); i++) {
        const struct good *at = &good_words[i];
        struct options options;
        struct strbuf error;

        if (parse(at->words, &options, &error) != OPTIONS_RUN)
            fail_msg("'%s': %s", at->words, error.text);
        assert_string_equal(error.text, "");
        assert_member(&options, at->name, at->expected, at->words);
        options_free(&options);
        strbuf_free(&error);
    }
}

struct bad {
    const char *input;
    const char *reason; /* what the error has in it */
};

static const struct bad bad_words[] = {
    {"nowhere.conf", "configuration file nowhere.conf: No such file"},
    {"test", "configuration file test: Is a directory"},
    {"-", "'-' is not an option"},
    {"-u|eth0", "'eth0' is not an option"},
    {"-u|\x1b[2J", "'?[2J' is not an option"},
    {"-u|--|-u", "'--' is not an option"},
    {"-y", "-y: there is no such option"},
    {"-uy", "-y: there is no such option"},
    {"-u-", "--: there is no such option"},
    {"-\xff", "-?: there is no such option"},
    {"--nonsense-at-all", "--nonsense-at-all: there is no such option; kelvin "
                          "--help"},
    {"--interfcae", "did you mean --interface?"},
    {"--inteface=eth0", "--inteface: there is no such option; did you mean"},
    {"--dns_mode|1", "did you mean --dns-mode?"},
    {"--=1", "--: there is no such option"},
    {"--max", "--max may be --max-num-flows or --max-num-hosts"},
    {"--d", "--daemon or --"},
    {"-I|tcp://*:5556", "-I: kelvin has no publishing over ZMQ"},
    {"--export-flows=x", "--export-flows: kelvin has no"},
    {"-T", "-T: kelvin has no tap devices"},
    {"-k|httpbl:x", "kelvin has no traffic filtering"},
    {"--community", "--community: kelvin has no editions; leave it out"},
    {"--zmq-encrypt-pwd|x", "kelvin has no ZMQ"},
    {"--hw-timestamp-mode=vss", "kelvin has no time stamps"},
    {"-i", "--interface: needs a value, NAME"},
    {"-i|", "--interface '': must name"},
    {"-i|;port 1", "must name an interface or a file"},
    {"-i|tcp://127.0.0.1:5556", "kelvin has no tcp:// interfaces"},
    {"-i|view:eth0,eth1", "kelvin has no view: interfaces"},
    {"--interface", "needs a value"},
    {"--daemon=yes", "--daemon 'yes': takes no value"},
    {"--daemon=", "--daemon '': takes no value"},
    {"--help=x", "--help 'x': takes no value"},
    {"-v", "--verbose: needs a value"},
    {"-v|", "--verbose '': must be a number from 0 to 6"},
    {"-v|7", "must be a number from 0 to 6"},
    {"-v|-1", "must be a number"},
    {"-v|+1", "must be a number"},
    {"-v| 1", "must be a number"},
    {"-v|1 ", "must be a number"},
    {"-v|1x", "must be a number"},
    {"-v|0x1", "must be a number"},
    {"-v|1.0", "must be a number"},
    {"-v|\xd9\xa1", "must be a number"},
    {"-v|18446744073709551617", "must be a number"},
    {"-v|99999999999999999999999999", "must be a number"},
    {"-Q|3", "must be a number from 0 to 2"},
    {"-n|4", "must be a number from 0 to 3"},
    {"-l|2", "must be a number from 0 to 1"},
    {"-X|1023", "must be a number from 1024 to 134217728 flows"},
    {"-X|134217729", "must be a number from 1024"},
    {"-x|4294968320", "must be a number from 1024"},
    {"--snaplen=63", "must be a number from 64 to 262144 bytes"},
    {"--snaplen=262145", "must be a number from 64"},
    {"--buffer-size=0", "must be a number from 1 to 1024 MiB"},
    {"--buffer-size=1025", "must be a number from 1"},
    {"--run-after=86401", "must be a number from 0 to 86400 seconds"},
    {"-D|some", "--dump-hosts 'some': must be all, local, remote or none"},
    {"-S|", "must be all"},
    {"-S|ALL", "must be all"},
    {"-g|", "must be core numbers from 0 to 1023"},
    {"-g|1,", "must be core numbers"},
    {"-g|,1", "must be core numbers"},
    {"-g|3-1", "must be core numbers"},
    {"-g|1-", "must be core numbers"},
    {"-g|-1", "must be core numbers"},
    {"-g|1-2-3", "must be core numbers"},
    {"-g|1024", "must be core numbers"},
    {"-g|0-1024", "must be core numbers"},
    {"--flow-timeout|", "must be CLASS=SECONDS"},
    {"--flow-timeout|30", "must be CLASS=SECONDS"},
    {"--flow-timeout|udp", "must be CLASS=SECONDS"},
    {"--flow-timeout|udp=", "must be CLASS=SECONDS"},
    {"--flow-timeout|=30", "must be CLASS=SECONDS"},
    {"--flow-timeout|ud=30", "must be CLASS=SECONDS"},
    {"--flow-timeout|udpx=30", "must be CLASS=SECONDS"},
    {"--flow-timeout|udp=0", "1 to 86400 seconds"},
    {"--flow-timeout|udp=86401", "1 to 86400 seconds"},
    {"--flow-timeout|udp=30,", "must be CLASS=SECONDS"},
    {"--flow-timeout|udp=30;icmp=30", "must be CLASS=SECONDS"},
    {"-F|", "--dump-flows: must not be empty"},
    {"--geoip|", "must not be empty"},
    {"-p|", "must not be empty"},
    {"-m|", "must not be empty"},
    {"-m|\"\"", "must not be empty"},
    {"-N|", "must not be empty"},
    {"-w|", "must not be empty"},
    {"-r|", "--redis: must not be empty"},
    {"-r|secret:0", "--redis: the port must be a number from 1 to 65535"},
    {"-r|unix:secret", "--redis: the path after unix: must begin with /"},
    {"--log-file=/l|--syslog", "--log-file and --syslog: choose one"},
    {"-e|-i|-", "a daemon has no standard input"},
    {"-e|-i|-;port 1", "a daemon has no standard input"},
};

static void bad_words_are_named(void **state)
{
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(bad_words) / sizeof(bad_words[0]); i++) {
        const struct bad *at = &bad_words[i];
        struct options options;
        struct strbuf error;

        if (parse(at->input, &options, &error) != OPTIONS_BAD)
            fail_msg("'%s' is accepted", at->input);
        if (strstr(error.text, at->reason) == NULL)
            fail_msg("'%s': %s", at->input, error.text);
        assert_null(strpbrk(error.text, "\n\x1b"));
        options_free(&options);
        strbuf_free(&error);
    }
}

static bool parse_file(const char *text, struct options *options,
                       struct strbuf *error)
{
    strbuf_init(error, 2048);
    option_set_presets(options);
    return option_file_parse("k.conf", text, strlen(text), options, error);
}

static const struct good good_files[] = {
    {"", "verbose", "-1"},
    {"\n\n# -v=9\n  # x\n\t\n", "verbose", "-1"},
    {"-v=3", "verbose", "3"},
    {"-v 3\n", "verbose", "3"},
    {"--verbose=3\r\n", "verbose", "3"},
    {"verbose=3", "verbose", "3"},
    {"v=3", "verbose", "3"},
    {"-verbose=3", "verbose", "3"},
    {"--verb 3", "verbose", "3"},
    {"  --verbose \t =  3 \t", "verbose", "3"},
    {"--verbose=\"3\"", "verbose", "3"},
    {"-v=1\n-v=2\n-v=3", "verbose", "3"},
    {"-i=eth0\n-i=eth1", "interface", "[eth0 eth0 -][eth1 eth1 -]"},
    {"-i \"eth0;not port 22\"", "interface",
     "[eth0;not port 22 eth0 not port 22]"},
    {"-B tcp[13]=2", "packet-filter", "tcp[13]=2"},
    {"-B=tcp[13] = 2", "packet-filter", "tcp[13] = 2"},
    {"-B= \" port 53 \" ", "packet-filter", " port 53 "},
    {"-B=\"", "packet-filter", "\""},
    {"-Z=", "http-prefix", ""},
    {"-F=es;f;i;http://h/_bulk?a=b;u:p=", "dump-flows",
     "es;f;i;http://h/_bulk?a=b;u:p="},
    {"-e", "daemon", "1"},
    {"-e=", "daemon", "1"},
    {"--daemon", "daemon", "1"},
    {"flow-timeout=udp=5", "flow-timeout", "30 300 10 5 30 60"},
    {"1=/docs", "httpdocs-dir", "/docs"},
};

static void good_files_set_members(void **state)
{
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(good_files) / sizeof(good_files[0]); i++) {
        const struct good *at = &good_files[i];
        struct options options;
        struct strbuf error;

        if (!parse_file(at->words, &options, &error))
            fail_msg("'%s': %s", at->words, error.text);
        assert_member(&options, at->name, at->expected, at->words);
        options_free(&options);
        strbuf_free(&error);
    }
}

static const struct bad bad_files[] = {
    {"-v=1\n\n-y=3", "k.conf:3: -y: there is no such option"},
    {"--nonsense-at-all", "k.conf:1: --nonsense-at-all: there is no such"},
    {"# x\nverbos3=1", "k.conf:2: --verbos3: there is no such option; did you "
                       "mean --verbose?"},
    {"=3", "k.conf:1: --: there is no such option"},
    {"-", "k.conf:1: --: there is no such option"},
    {"--", "k.conf:1: --: there is no such option"},
    {"---v=3", "k.conf:1: ---v: there is no such option"},
    {"--v 3", "k.conf:1: --v may be --verbose or --version"},
    {"-v", "k.conf:1: --verbose: needs a value, LEVEL"},
    {"-v=", "k.conf:1: --verbose '': must be a number"},
    {"-v=3 4", "'3 4': must be a number"},
    {"-v = = 3", "'= 3': must be a number"},
    {"-i=", "k.conf:1: --interface '': must name"},
    {"-m=\"\"", "k.conf:1: --local-networks '': must not be empty"},
    {"-e=1", "k.conf:1: --daemon '1': takes no value"},
    {"-e yes", "k.conf:1: --daemon 'yes': takes no value"},
    {"--community", "k.conf:1: --community: kelvin has no editions"},
    {"-T", "k.conf:1: -T: kelvin has no tap devices"},
    {"-h", "k.conf:1: --help: is for the command line only"},
    {"--version", "k.conf:1: --version: is for the command line only"},
    {"\x1b[2J=1", "k.conf:1: --?[2J: there is no such option"},
    {"-i eth0 \n -w\n", "k.conf:2: --http-port: needs a value"},
    {"\xef\xbb\xbf-v=3", "k.conf:1: --"},
    {"interface eth0\nmax-num-flows=many\n",
     "k.conf:2: --max-num-flows 'many': must be a number from 1024"},
    {"D=both", "k.conf:1: --dump-hosts 'both': must be all, local, remote"},
    {"-F=", "k.conf:1: --dump-flows: must not be empty"},
};

static void bad_files_are_named(void **state)
{
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(bad_files) / sizeof(bad_files[0]); i++) {
        const struct bad *at = &bad_files[i];
        struct options options;
        struct strbuf error;

        if (parse_file(at->input, &options, &error))
            fail_msg("'%s' is accepted", at->input);
        if (strstr(error.text, at->reason) == NULL)
            fail_msg("'%s': %s", at->input, error.text);
        assert_null(strpbrk(error.text, "\n\x1b"));
        options_free(&options);
        strbuf_free(&error);
    }
}

/* A capture given as configuration file is told so. */
static void binary_files_are_no_configuration(void **state)
{
    struct options options;
    struct strbuf error;

    (void)state;
    strbuf_init(&error, 2048);
    option_set_presets(&options);
    assert_false(
        option_file_parse("a.pcap", "\xd4\xc3\0\1", 4, &options, &error));
    assert_non_null(strstr(error.text, "a.pcap:1: this is not a text file"));
    options_free(&options);
    strbuf_free(&error);
}

static void paths_survive_chdir(void **state)
{
    char *here = getcwd(NULL, 0);
    char expected[4096];
    struct options options;
    struct strbuf error;

    (void)state;
    assert_non_null(here);
    assert_int_equal(parse("-d|data|-G|./k.pid|--geoip=a.mmdb|--run=s.lua|a|-v",
                           &options, &error),
                     OPTIONS_RUN);
    snprintf(expected, sizeof(expected), "%s/data", here);
    assert_string_equal(options.data_dir, expected);
    snprintf(expected, sizeof(expected), "%s/./k.pid", here);
    assert_string_equal(options.pid_file, expected);
    snprintf(expected, sizeof(expected), "%s/a.mmdb", here);
    assert_string_equal(options.geoip.items[0], expected);
    snprintf(expected, sizeof(expected), "%s/s.lua", here);
    assert_string_equal(options.run, expected);
    assert_int_equal(options.run_arguments.count, 2);
    assert_string_equal(options.run_arguments.items[0], "a");
    assert_string_equal(options.run_arguments.items[1], "-v");
    options_free(&options);
    strbuf_free(&error);
    free(here);
}

static void data_dir_is_never_missing(void **state)
{
    static const struct {
        const char *xdg;
        const char *home;
        const char *expected;
    } cases[] = {
        {"/x", "/h", "/x/kelvin"},
        {"", "/h", "/h/.local/share/kelvin"},
        {"relative", "/h", "/h/.local/share/kelvin"},
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct options options;
        struct strbuf error;

        setenv("XDG_DATA_HOME", cases[i].xdg, 1);
        setenv("HOME", cases[i].home, 1);
        assert_int_equal(parse("", &options, &error), OPTIONS_RUN);
        assert_string_equal(options.data_dir, geteuid() == 0
                                                  ? "/var/lib/kelvin"
                                                  : cases[i].expected);
        options_free(&options);
        strbuf_free(&error);
    }
}

/* All of a file of the repository. */
static char *read_file(const char *path)
{
    FILE *file = fopen(path, "r");
    char *text = calloc(1, 65536);

    if (file == NULL)
        fail_msg("%s is missing; run this from the repository", path);
    assert_true(fread(text, 1, 65535, file) > 0);
    fclose(file);
    return text;
}

/* Every line that a '#' keeps out of force would be accepted, and shows the
 * default where there is one. */
static void sample_file_has_all_options(void **state)
{
    char *sample = read_file("conf/kelvin.conf.sample");
    struct options options, presets;
    size_t count, i;
    const struct option_row *rows = option_rows(&count);
    struct strbuf text, error;
    char *line, *rest = sample;

    (void)state;
    strbuf_init(&text, 65536);
    strbuf_puts(&text, "\n");
    strbuf_init(&error, 2048);
    while ((line = strsep(&rest, "\n")) != NULL)
        if (line[0] == '#' && line[1] >= 'a' && line[1] <= 'z')
            strbuf_printf(&text, "%s\n", line + 1);
        else
            assert_true(line[0] == '\0' || line[0] == '#');
    option_set_presets(&options);
    option_set_presets(&presets);
    if (!option_file_parse("sample", text.text, text.len, &options, &error))
        fail_msg("%s", error.text);
    for (i = 0; i < count; i++) {
        struct strbuf value, preset;
        char name[40];

        if (rows[i].group == OPTION_GROUP_ERRANDS)
            continue;
        snprintf(name, sizeof(name), "\n%s", rows[i].name);
        if (strstr(text.text, name) == NULL)
            fail_msg("%s is missing", rows[i].name);
        strbuf_init(&value, 4096);
        strbuf_init(&preset, 4096);
        add_member(&value, &options, &rows[i]);
        add_member(&preset, &presets, &rows[i]);
        if ((strcmp(value.text, preset.text) == 0) != (rows[i].preset != NULL))
            fail_msg("%s is %s", rows[i].name, value.text);
        strbuf_free(&value);
        strbuf_free(&preset);
    }
    options_free(&options);
    options_free(&presets);
    strbuf_free(&text);
    strbuf_free(&error);
    free(sample);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_words_set_members),
        cmocka_unit_test(bad_words_are_named),
        cmocka_unit_test(good_files_set_members),
        cmocka_unit_test(bad_files_are_named),
        cmocka_unit_test(binary_files_are_no_configuration),
        cmocka_unit_test(paths_survive_chdir),
        cmocka_unit_test(data_dir_is_never_missing),
        cmocka_unit_test(sample_file_has_all_options),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
