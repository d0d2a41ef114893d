/* lib_pattern: Lua's patterns, with an end. SPDX-License-Identifier: MIT */
#include <ctype.h>
#include <lauxlib.h>
#include <limits.h>
#include <string.h>

#include "lua/lib.h"
#include "lua/vm_internal.h"

/*
 * string.find, match, gmatch and gsub as the manual of Lua 5.3 describes them
 * (6.4.1). Lua's own may backtrack for hours inside one call; these count
 * their steps and look at the clock, so that a match ends with its run at the
 * latest, and after VM_PINNED_US in any case.
 *
 * A pattern is a chain of items; match() tries the items from `p` on at the
 * subject's place `s` and gives the end of the match or NULL.
 */
#define STEPS 4096 /* between two looks at the clock */
#define DEPTH_MAX 200
#define CAPTURES_MAX 32
#define ESCAPE '%'
#define SPECIALS "^$*+?.([%-"
#define OPEN (-1)  /* a capture that is not closed */
#define PLACE (-2) /* a capture of a place, () */

struct matcher {
    lua_State *L;
    struct vm_run *run;
    const char *begin; /* subject */
    const char *end;
    const char *pattern_end;
    unsigned steps;
    int depth;
    int level; /* captures so far */
    struct {
        const char *begin;
        ptrdiff_t len; /* or OPEN, PLACE */
    } captures[CAPTURES_MAX];
};

static const char *match(struct matcher *m, const char *s, const char *p);

static unsigned char byte(const char *at)
{
    return (unsigned char)*at;
}

static void step(struct matcher *m)
{
    if (++m->steps % STEPS == 0)
        vm_check(m->L, m->run);
}

/* --- One item --- */

/* What follows the class that begins at `p`. */
static const char *class_end(struct matcher *m, const char *p)
{
    if (*p == ESCAPE) {
        if (p + 1 == m->pattern_end)
            luaL_error(m->L, "malformed pattern (ends with '%%')");
        return p + 2;
    }
    if (*p++ != '[')
        return p;
    if (p < m->pattern_end && *p == '^')
        p++;
    do { /* a ']' in the first place stands for itself */
        if (p == m->pattern_end)
            luaL_error(m->L, "malformed pattern (missing ']')");
        if (*p++ == ESCAPE && p < m->pattern_end)
            p++;
    } while (p == m->pattern_end || *p != ']');
    return p + 1;
}

/* Whether the letter of %a, %d ... stands for this character. */
static bool in_class(int c, int letter)
{
    bool is_in;

    switch (tolower(letter)) {
    case 'a':
        is_in = isalpha(c);
        break;
    case 'c':
        is_in = iscntrl(c);
        break;
    case 'd':
        is_in = isdigit(c);
        break;
    case 'g':
        is_in = isgraph(c);
        break;
    case 'l':
        is_in = islower(c);
        break;
    case 'p':
        is_in = ispunct(c);
        break;
    case 's':
        is_in = isspace(c);
        break;
    case 'u':
        is_in = isupper(c);
        break;
    case 'w':
        is_in = isalnum(c);
        break;
    case 'x':
        is_in = isxdigit(c);
        break;
    case 'z': /* not in the manual since 5.2, but known to Lua 5.3 */
        is_in = c == 0;
        break;
    default:
        return letter == c;
    }
    return is_in != (isupper(letter) != 0);
}

/* The set from '[' at `p` to ']' at `last`. */
static bool in_set(int c, const char *p, const char *last)
{
    bool is_negated = p[1] == '^';

    for (p += 1 + is_negated; p < last; p++) {
        if (*p == ESCAPE) {
            p++;
            if (in_class(c, byte(p)))
                return !is_negated;
        } else if (p[1] == '-' && p + 2 < last) {
            if (byte(p) <= c && c <= byte(p + 2))
                return !is_negated;
            p += 2;
        } else if (byte(p) == c) {
            return !is_negated;
        }
    }
    return is_negated;
}

/* Whether the class from `p` to `end` is the character at `s`. */
static bool is_single(struct matcher *m, const char *s, const char *p,
                      const char *end)
{
    step(m);
    if (s >= m->end)
        return false;
    switch (*p) {
    case '.':
        return true;
    case ESCAPE:
        return in_class(byte(s), byte(p + 1));
    case '[':
        return in_set(byte(s), p, end - 1);
    default:
        return *p == *s;
    }
}

/* --- Repetition --- */

static const char *match_longest(struct matcher *m, const char *s,
                                 const char *p, const char *end)
{
    ptrdiff_t count = 0;

    while (is_single(m, s + count, p, end))
        count++;
    for (; count >= 0; count--) {
        const char *found = match(m, s + count, end + 1);

        if (found != NULL)
            return found;
    }
    return NULL;
}

static const char *match_shortest(struct matcher *m, const char *s,
                                  const char *p, const char *end)
{
    for (;;) {
        const char *found = match(m, s, end + 1);

        if (found != NULL || !is_single(m, s, p, end))
            return found;
        s++;
    }
}

/* --- Captures --- */

static const char *capture_begin(struct matcher *m, const char *s,
                                 const char *p, ptrdiff_t kind)
{
    const char *found;

    if (m->level >= CAPTURES_MAX)
        luaL_error(m->L, "too many captures");
    m->captures[m->level].begin = s;
    m->captures[m->level].len = kind;
    m->level++;
    found = match(m, s, p);
    if (found == NULL)
        m->level--;
    return found;
}

static const char *capture_end(struct matcher *m, const char *s, const char *p)
{
    int index = m->level - 1;
    const char *found;

    while (index >= 0 && m->captures[index].len != OPEN)
        index--;
    if (index < 0)
        luaL_error(m->L, "invalid pattern capture");
    m->captures[index].len = s - m->captures[index].begin;
    found = match(m, s, p);
    if (found == NULL)
        m->captures[index].len = OPEN;
    return found;
}

/* %1 ... %9: the same text as that capture. */
static const char *match_again(struct matcher *m, const char *s, int digit)
{
    int index = digit - '1';
    size_t len;

    if (index < 0 || index >= m->level || m->captures[index].len == OPEN) {
        luaL_error(m->L, "invalid capture index %%%d", index + 1);
        return NULL;
    }
    len = (size_t)m->captures[index].len;
    if ((size_t)(m->end - s) < len ||
        memcmp(m->captures[index].begin, s, len) != 0)
        return NULL;
    return s + len;
}

/* %bxy: from x to the y that balances it. */
static const char *match_balance(struct matcher *m, const char *s,
                                 const char *p)
{
    int depth = 1;

    if (p + 1 >= m->pattern_end)
        luaL_error(m->L, "malformed pattern (missing arguments to '%%b')");
    if (s >= m->end || *s != p[0])
        return NULL;
    while (++s < m->end) {
        step(m);
        if (*s == p[1]) {
            if (--depth == 0)
                return s + 1;
        } else if (*s == p[0]) {
            depth++;
        }
    }
    return NULL;
}

/* %f[set]: where the set begins. @return what follows it, or NULL. */
static const char *match_frontier(struct matcher *m, const char *s,
                                  const char *p)
{
    const char *end;
    int before = s == m->begin ? '\0' : byte(s - 1);
    int after = s < m->end ? byte(s) : '\0';

    if (p >= m->pattern_end || *p != '[')
        luaL_error(m->L, "missing '[' after '%%f' in pattern");
    end = class_end(m, p);
    return !in_set(before, p, end - 1) && in_set(after, p, end - 1) ? end
                                                                    : NULL;
}

/* --- The chain --- */

/* The item that begins with '%', if it is more than a class: match it and go
 * to what follows. @return false when it is a class. */
static bool match_escape(struct matcher *m, const char **s, const char **p)
{
    const char *next;

    switch (*p + 1 < m->pattern_end ? (*p)[1] : '\0') {
    case 'b':
        *s = match_balance(m, *s, *p + 2);
        *p += 4;
        return true;
    case 'f':
        next = match_frontier(m, *s, *p + 2);
        if (next == NULL)
            *s = NULL;
        *p = next;
        return true;
    case '0':
    case '1':
    case '2':
    case '3':
    case '4':
    case '5':
    case '6':
    case '7':
    case '8':
    case '9':
        *s = match_again(m, *s, byte(*p + 1));
        *p += 2;
        return true;
    default:
        return false;
    }
}

/* A class with what may follow it. @return true: go on at *s and *p; false:
 * *s is the result. */
static bool match_class(struct matcher *m, const char **s, const char **p)
{
    const char *end = class_end(m, *p);
    char suffix = end < m->pattern_end ? *end : '\0';
    const char *found;

    switch (suffix) {
    case '*':
        *s = match_longest(m, *s, *p, end);
        return false;
    case '-':
        *s = match_shortest(m, *s, *p, end);
        return false;
    case '+':
        *s = is_single(m, *s, *p, end) ? match_longest(m, *s + 1, *p, end)
                                       : NULL;
        return false;
    case '?':
        if (is_single(m, *s, *p, end) &&
            (found = match(m, *s + 1, end + 1)) != NULL) {
            *s = found;
            return false;
        }
        *p = end + 1;
        return true;
    default:
        *s = is_single(m, *s, *p, end) ? *s + 1 : NULL;
        *p = end;
        return *s != NULL;
    }
}

static const char *match_from(struct matcher *m, const char *s, const char *p)
{
    while (s != NULL && p < m->pattern_end) {
        if (*p == '(') {
            bool is_place = p + 1 < m->pattern_end && p[1] == ')';

            return capture_begin(m, s, p + 1 + is_place,
                                 is_place ? PLACE : OPEN);
        }
        if (*p == ')')
            return capture_end(m, s, p + 1);
        if (*p == '$' && p + 1 == m->pattern_end)
            return s == m->end ? s : NULL;
        if (*p == ESCAPE && match_escape(m, &s, &p))
            continue;
        if (!match_class(m, &s, &p))
            return s;
    }
    return s;
}

static const char *match(struct matcher *m, const char *s, const char *p)
{
    const char *found;

    if (m->depth >= DEPTH_MAX)
        luaL_error(m->L, "pattern too complex");
    step(m);
    m->depth++;
    found = match_from(m, s, p);
    m->depth--;
    return found;
}

/* --- What the functions share --- */

static void matcher_init(struct matcher *m, lua_State *L, const char *subject,
                         size_t len, const char *pattern, size_t pattern_len)
{
    m->L = L;
    m->run = vm_run_of(L);
    m->begin = subject;
    m->end = subject + len;
    m->pattern_end = pattern + pattern_len;
    m->steps = 0;
    m->depth = 0;
    m->level = 0;
}

static void push_capture(const struct matcher *m, int index, const char *s,
                         const char *end)
{
    if (index >= m->level) {
        if (index != 0)
            luaL_error(m->L, "invalid capture index %%%d", index + 1);
        lua_pushlstring(m->L, s, (size_t)(end - s));
    } else if (m->captures[index].len == PLACE) {
        lua_pushinteger(m->L, m->captures[index].begin - m->begin + 1);
    } else if (m->captures[index].len == OPEN) {
        luaL_error(m->L, "unfinished capture");
    } else {
        lua_pushlstring(m->L, m->captures[index].begin,
                        (size_t)m->captures[index].len);
    }
}

/* Push all captures; without any the whole match, unless `s` is NULL. */
static int push_captures(const struct matcher *m, const char *s,
                         const char *end)
{
    int count = m->level == 0 && s != NULL ? 1 : m->level;

    luaL_checkstack(m->L, count, "too many captures");
    for (int i = 0; i < count; i++)
        push_capture(m, i, s, end);
    return count;
}

/* A place counted from 1, or from the end when it is negative. */
static size_t place(lua_Integer at, size_t len)
{
    if (at >= 0)
        return (size_t)at;
    return (size_t)-at > len ? 0 : len - (size_t)-at + 1;
}

static bool is_plain(const char *pattern, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (pattern[i] != '\0' && strchr(SPECIALS, pattern[i]) != NULL)
            return false;
    return true;
}

static int find_plain(lua_State *L, const char *subject, size_t len,
                      size_t begin, const char *wanted, size_t wanted_len)
{
    const char *found =
        memmem(subject + begin, len - begin, wanted, wanted_len);

    if (found == NULL) {
        lua_pushnil(L);
        return 1;
    }
    lua_pushinteger(L, found - subject + 1);
    lua_pushinteger(L, found - subject + (lua_Integer)wanted_len);
    return 2;
}

static int search(lua_State *L, bool is_find)
{
    size_t len, pattern_len;
    const char *subject = luaL_checklstring(L, 1, &len);
    const char *pattern = luaL_checklstring(L, 2, &pattern_len);
    size_t begin = place(luaL_optinteger(L, 3, 1), len);
    bool is_anchored = pattern_len > 0 && *pattern == '^';
    struct matcher m;

    begin -= begin > 0;
    if (begin > len) {
        lua_pushnil(L);
        return 1;
    }
    if (is_find && (lua_toboolean(L, 4) || is_plain(pattern, pattern_len)))
        return find_plain(L, subject, len, begin, pattern, pattern_len);
    matcher_init(&m, L, subject, len, pattern, pattern_len);
    for (const char *s = subject + begin; s <= m.end; s++) {
        const char *found;

        m.level = 0;
        found = match(&m, s, pattern + is_anchored);
        if (found != NULL && is_find) {
            lua_pushinteger(L, s - subject + 1);
            lua_pushinteger(L, found - subject);
            return push_captures(&m, NULL, NULL) + 2;
        }
        if (found != NULL)
            return push_captures(&m, s, found);
        if (is_anchored)
            break;
    }
    lua_pushnil(L);
    return 1;
}

static int string_find(lua_State *L)
{
    return search(L, true);
}

static int string_match(lua_State *L)
{
    return search(L, false);
}

/* Upvalues: subject, pattern, where to go on, where the last match ended. */
static int gmatch_next(lua_State *L)
{
    size_t len, pattern_len;
    const char *subject = lua_tolstring(L, lua_upvalueindex(1), &len);
    const char *pattern = lua_tolstring(L, lua_upvalueindex(2), &pattern_len);
    lua_Integer last = lua_tointeger(L, lua_upvalueindex(4));
    struct matcher m;

    matcher_init(&m, L, subject, len, pattern, pattern_len);
    for (const char *s = subject + lua_tointeger(L, lua_upvalueindex(3));
         s <= m.end; s++) {
        const char *found;

        m.level = 0;
        found = match(&m, s, pattern);
        if (found == NULL || found - subject == last)
            continue;
        lua_pushinteger(L, found - subject);
        lua_pushvalue(L, -1);
        lua_replace(L, lua_upvalueindex(3));
        lua_replace(L, lua_upvalueindex(4));
        return push_captures(&m, s, found);
    }
    return 0;
}

static int string_gmatch(lua_State *L)
{
    luaL_checkstring(L, 1);
    luaL_checkstring(L, 2);
    lua_settop(L, 2);
    lua_pushinteger(L, 0);
    lua_pushinteger(L, -1);
    lua_pushcclosure(L, gmatch_next, 4);
    return 1;
}

/* --- gsub --- */

/* Add the replacement text with its %0 ... %9. */
static void add_text(struct matcher *m, luaL_Buffer *out, const char *s,
                     const char *end)
{
    size_t len;
    const char *text = lua_tolstring(m->L, 3, &len);

    for (size_t i = 0; i < len; i++) {
        if (text[i] != ESCAPE) {
            luaL_addchar(out, text[i]);
        } else if (text[++i] == ESCAPE) {
            luaL_addchar(out, ESCAPE);
        } else if (!isdigit(byte(&text[i]))) {
            luaL_error(m->L, "invalid use of '%%' in replacement string");
        } else if (text[i] == '0') {
            luaL_addlstring(out, s, (size_t)(end - s));
        } else {
            push_capture(m, text[i] - '1', s, end);
            luaL_tolstring(m->L, -1, NULL);
            lua_remove(m->L, -2);
            luaL_addvalue(out);
        }
    }
}

/* Add what replaces the match from `s` to `end`. */
static void add_replacement(struct matcher *m, luaL_Buffer *out, const char *s,
                            const char *end)
{
    lua_State *L = m->L;
    int type = lua_type(L, 3);

    if (type == LUA_TFUNCTION) {
        lua_pushvalue(L, 3);
        lua_call(L, push_captures(m, s, end), 1);
    } else if (type == LUA_TTABLE) {
        push_capture(m, 0, s, end);
        lua_gettable(L, 3);
    } else {
        add_text(m, out, s, end);
        return;
    }
    if (!lua_toboolean(L, -1)) {
        lua_pop(L, 1);
        lua_pushlstring(L, s, (size_t)(end - s));
    } else if (!lua_isstring(L, -1)) {
        luaL_error(L, "invalid replacement value (a %s)", luaL_typename(L, -1));
    }
    luaL_addvalue(out);
}

static int string_gsub(lua_State *L)
{
    size_t len, pattern_len;
    const char *s = luaL_checklstring(L, 1, &len);
    const char *pattern = luaL_checklstring(L, 2, &pattern_len);
    int type = lua_type(L, 3);
    lua_Integer most = luaL_optinteger(L, 4, (lua_Integer)len + 1);
    bool is_anchored = pattern_len > 0 && *pattern == '^';
    const char *last = NULL;
    lua_Integer count = 0;
    struct matcher m;
    luaL_Buffer out;

    luaL_argcheck(L,
                  type == LUA_TNUMBER || type == LUA_TSTRING ||
                      type == LUA_TFUNCTION || type == LUA_TTABLE,
                  3, "string/function/table expected");
    luaL_buffinit(L, &out);
    matcher_init(&m, L, s, len, pattern, pattern_len);
    while (count < most) {
        const char *end;

        m.level = 0;
        end = match(&m, s, pattern + is_anchored);
        if (end != NULL && end != last) {
            count++;
            add_replacement(&m, &out, s, end);
            s = last = end;
        } else if (s < m.end) {
            luaL_addchar(&out, *s++);
        } else {
            break;
        }
        if (is_anchored)
            break;
    }
    luaL_addlstring(&out, s, (size_t)(m.end - s));
    luaL_pushresult(&out);
    lua_pushinteger(L, count);
    return 2;
}

/* A long one is measured and logged. */
#define MEASURED(name)                                     \
    static int measured_##name(lua_State *L)               \
    {                                                      \
        struct vm_run *run = vm_run_of(L);                 \
        int64_t begin_us = vm_stretch_begin(run);          \
        int count = string_##name(L);                      \
                                                           \
        vm_stretch_end(L, run, begin_us, "string." #name); \
        return count;                                      \
    }

MEASURED(find)
MEASURED(match)
MEASURED(gsub)

void lib_pattern_open(lua_State *L)
{
    static const struct lib_function functions[] = {
        {"find", "text: string, pattern: string, [from: number, plain]",
         measured_find},
        {"gmatch", "text: string, pattern: string", string_gmatch},
        {"gsub", "text: string, pattern: string, by, [most: number]",
         measured_gsub},
        {"match", "text: string, pattern: string, [from: number]",
         measured_match},
        {NULL, NULL, NULL},
    };

    lib_register(L, "string", functions);
}
