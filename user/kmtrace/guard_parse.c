// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A file of rules of kmtrace guard, as a list of struct guard_rule.
 *
 *   rule      = "on" event { condition } ":" action { "," action }
 *   event     = ( "read" | "write" | "exec" ) [ objects ] | "exec" "writable"
 *             | ( "connect" | "bind" ) [ objects ] | "listen" | "accept" | "call" word { "," word }
 *   objects   = [ "not" ] string { "," string }
 *   condition = [ "not" ] "by" string { "," string } | "if" label { "and" label }
 *   label     = [ "not" ] word
 *   action    = "log" [ string ] | "allow" | "deny" [ word ] | "refuse" [ word ] | "stop" | "kill"
 *             | "mark" word | "unmark" word | "run" string | "tell" number
 *
 * Blanks and line ends separate, "#" begins a remark. The scanner turns the text into one token at a
 * time; the first error ends all, with the place where the token at fault begins.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "guard.h"

#define FILE_MAX (1u << 20)

const char *const guard_event_names[GUARD_EVENTS] = {
	"read", "write", "exec", "connect", "bind", "listen", "accept", "call",
};

enum token { END, WORD, STRING, NUMBER, COMMA, COLON };

struct parser {
	struct guard *guard;
	const char *at, *end;
	unsigned int line, column; /* of at */
	enum token token;
	char text[PATH_MAX]; /* of the token, without quotes */
	unsigned int token_line, token_column;
	char **why;
};

/* Always -1, so that "return fail(...)" ends the parsing. */
static int fail(struct parser *p, const char *format, ...) __attribute__((format(printf, 2, 3)));
static int fail(struct parser *p, const char *format, ...)
{
	va_list args;
	char *said;

	if (*p->why)
		return -1;
	va_start(args, format);
	if (vasprintf(&said, format, args) < 0)
		said = NULL;
	va_end(args);
	if (said && asprintf(p->why, "%s:%u:%u: %s", p->guard->file, p->token_line, p->token_column,
			     said) < 0)
		*p->why = NULL;
	free(said);
	return -1;
}

/* ---- the scanner */

static void step(struct parser *p)
{
	if (*p->at++ == '\n') {
		p->line++;
		p->column = 1;
	} else {
		p->column++;
	}
}

static void skip_blanks(struct parser *p)
{
	bool remark = false;

	while (p->at < p->end) {
		if (*p->at == '\n')
			remark = false;
		else if (*p->at == '#')
			remark = true;
		else if (!remark && !isspace((unsigned char)*p->at))
			break;
		step(p);
	}
}

static bool in_word(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '-' || c == '%';
}

static int scan_string(struct parser *p)
{
	size_t length = 0;

	for (step(p); p->at < p->end && *p->at != '"'; step(p)) {
		if (*p->at == '\\' && p->at + 1 < p->end)
			step(p);
		if (*p->at == '\n')
			break;
		if (length == sizeof(p->text) - 1)
			return fail(p, "the text in quotes is longer than %zu bytes; shorten it",
				    sizeof(p->text) - 1);
		p->text[length++] = *p->at;
	}
	if (p->at == p->end || *p->at != '"')
		return fail(p, "the text that begins here has no closing quote on its line; add "
			       "\"");
	step(p);
	p->text[length] = '\0';
	p->token = STRING;
	return length ? 0
		      : fail(p, "the text in quotes is empty and would match nothing; leave it "
				"out or fill it");
}

/* The next token into p->token and p->text. */
static int next(struct parser *p)
{
	size_t length = 0;

	skip_blanks(p);
	p->token_line = p->line;
	p->token_column = p->column;
	p->text[0] = '\0';
	if (p->at == p->end) {
		p->token = END;
		return 0;
	}
	if (*p->at == '"')
		return scan_string(p);
	if (*p->at == ',' || *p->at == ':') {
		p->token = *p->at == ',' ? COMMA : COLON;
		step(p);
		return 0;
	}
	if (!in_word(*p->at))
		return fail(p,
			    isprint((unsigned char)*p->at)
				    ? "\"%c\" begins no word; names of files and addresses are "
				      "written in quotes"
				    : "there is a byte that is no text (%#x); remove it",
			    (unsigned char)*p->at);
	while (p->at < p->end && in_word(*p->at)) {
		if (length == 63)
			return fail(p, "a word has at most 63 letters; shorten it");
		p->text[length++] = *p->at;
		step(p);
	}
	p->text[length] = '\0';
	p->token = strspn(p->text, "0123456789") == length ? NUMBER : WORD;
	return 0;
}

static bool is(const struct parser *p, const char *word)
{
	return p->token == WORD && !strcmp(p->text, word);
}

/* What the token is, for sentences. */
static const char *shown(const struct parser *p, char room[80])
{
	static const char *const names[] = {
		[END] = "the end of the file", [COMMA] = "\",\"", [COLON] = "\":\""};

	if (names[p->token])
		return names[p->token];
	snprintf(room, 80, p->token == STRING ? "the text \"%.60s\"" : "\"%.60s\"", p->text);
	return room;
}

/* ---- parts of a rule */

/* The literal directory part of a path pattern, with its links followed, before the rest of it. */
static char *resolve_pattern(const char *text)
{
	size_t literal = strcspn(text, "*?"), length = literal;
	char *head, *real, *result = NULL;

	while (text[literal] && length && text[length - 1] != '/')
		length--;
	head = strndup(text, length ? length : 0);
	real = head && length ? realpath(head, NULL) : NULL;
	if (real && text[literal])
		result =
			asprintf(&result, "%s/%s", strcmp(real, "/") ? real : "", text + length) < 0
				? NULL
				: result;
	else if (real)
		result = strdup(real);
	free(head);
	free(real);
	return result ? result : strdup(text);
}

static int parse_pattern(struct parser *p, enum guard_event event, struct guard_pattern ***last)
{
	struct guard_pattern *pattern;
	bool address = event == GUARD_CONNECT || event == GUARD_BIND, network = false;
	struct guard_network parsed = {};

	if (address)
		network = guard_network_parse(p->text, &parsed);
	if (!network && p->text[0] != '/' && strncmp(p->text, "**", 2) &&
	    !(address && (p->text[0] == '@' || p->text[0] == '*')))
		return fail(p,
			    address ? "\"%.100s\" is no address; write \"192.0.2.1:80\", "
				      "\"10.0.0.0/8:*\", \"[::1]:443\", \"/path/of/socket\" or "
				      "\"@name\""
				    : "\"%.100s\" can match no file; begin with \"/\" or \"**\"",
			    p->text);
	pattern = calloc(1, sizeof(*pattern));
	if (!pattern)
		return fail(p, "%s", strerror(ENOMEM));
	**last = pattern;
	*last = &pattern->next;
	pattern->text = strdup(p->text);
	pattern->network = parsed;
	pattern->resolved = resolve_pattern(p->text);
	return pattern->text && pattern->resolved ? 0 : fail(p, "%s", strerror(ENOMEM));
}

static int parse_patterns(struct parser *p, enum guard_event event, struct guard_pattern **list)
{
	struct guard_pattern **last = list;
	char room[80];

	for (;;) {
		if (p->token != STRING)
			return fail(p, "a text in quotes is due here, not %s", shown(p, room));
		if (parse_pattern(p, event, &last) < 0 || next(p) < 0)
			return -1;
		if (p->token != COMMA)
			return 0;
		if (next(p) < 0)
			return -1;
	}
}

static int parse_calls(struct parser *p, struct guard_rule *rule)
{
	char room[80], *unknown;

	for (;;) {
		if (p->token != WORD)
			return fail(p, "the name of a system call is due here, not %s",
				    shown(p, room));
		if (call_set_add(&rule->calls, p->text, &unknown) < 0) {
			free(unknown);
			return fail(p, "\"%s\" is no system call; man 2 syscalls lists them",
				    p->text);
		}
		if (next(p) < 0)
			return -1;
		if (p->token != COMMA)
			return 0;
		if (next(p) < 0)
			return -1;
	}
}

/* The number of a label, made if it is new; -1. */
static int label_of(struct parser *p)
{
	struct guard *guard = p->guard;
	char room[80];

	if (p->token != WORD)
		return fail(p, "a label is due here, a word of your choice, not %s",
			    shown(p, room));
	for (unsigned int i = 0; i < guard->label_count; i++)
		if (!strcmp(guard->labels[i], p->text))
			return i;
	if (guard->label_count == GUARD_LABELS)
		return fail(p, "there are more than %d labels; use fewer", GUARD_LABELS);
	guard->labels[guard->label_count] = strdup(p->text);
	if (!guard->labels[guard->label_count])
		return fail(p, "%s", strerror(ENOMEM));
	return guard->label_count++;
}

static int parse_labels(struct parser *p, struct guard_rule *rule)
{
	do {
		bool without;
		int label;

		if (next(p) < 0)
			return -1;
		without = is(p, "not");
		if (without && next(p) < 0)
			return -1;
		label = label_of(p);
		if (label < 0 || next(p) < 0)
			return -1;
		*(without ? &rule->without : &rule->with) |= 1ULL << label;
	} while (is(p, "and"));
	if (rule->with & rule->without)
		return fail(p, "no process both has a label and has it not; remove one of the two");
	return 0;
}

static int parse_condition(struct parser *p, struct guard_rule *rule)
{
	bool not = is(p, "not");
	char room[80];

	if (is(p, "if"))
		return parse_labels(p, rule);
	if (not &&next(p) < 0)
		return -1;
	if (!is(p, "by"))
		return fail(p,
			    not ? "after \"not\", \"by\" is due here, not %s"
				: "\":\" and an action are due here, or a condition (by, not by, "
				  "if), not %s",
			    shown(p, room));
	if (rule->programs)
		return fail(p, "the rule says already by which programs; put all into one list");
	rule->programs_not = not ;
	return next(p) < 0 ? -1 : parse_patterns(p, GUARD_EXEC, &rule->programs);
}

static int parse_event(struct parser *p, struct guard_rule *rule)
{
	char room[80];

	for (rule->event = 0; rule->event < GUARD_EVENTS; rule->event++)
		if (is(p, guard_event_names[rule->event]))
			break;
	if (rule->event == GUARD_EVENTS)
		return fail(
			p,
			"after \"on\" comes read, write, exec, connect, bind, listen, accept or "
			"call, not %s",
			shown(p, room));
	if (next(p) < 0)
		return -1;
	if (rule->event == GUARD_CALL)
		return parse_calls(p, rule);
	if (rule->event == GUARD_LISTEN || rule->event == GUARD_ACCEPT)
		return p->token == STRING
			       ? fail(p, "%s has no object; remove the text, or use bind",
				      guard_event_names[rule->event])
			       : 0;
	if (is(p, "writable")) {
		if (rule->event != GUARD_EXEC)
			return fail(p, "\"writable\" is for exec only; name the files instead");
		rule->writable = true;
		return next(p);
	}
	if (is(p, "not")) {
		struct parser before = *p;

		if (next(p) < 0)
			return -1;
		if (p->token != STRING) {
			*p = before; /* "not by" */
			return 0;
		}
		rule->objects_not = true;
	}
	return p->token == STRING ? parse_patterns(p, rule->event, &rule->objects) : 0;
}

/* ---- actions */

static int errno_of(const char *name)
{
	for (int i = 1; i < 134; i++)
		if (strerrorname_np(i) && !strcasecmp(strerrorname_np(i), name))
			return i;
	return 0;
}

static int parse_verdict(struct parser *p, struct guard_rule *rule, enum guard_verdict verdict)
{
	if (rule->verdict != GUARD_GO_ON)
		return fail(p, "the rule has a last word already; allow, deny, refuse, stop and "
			       "kill exclude each other");
	rule->verdict = verdict;
	rule->error = EPERM;
	if (next(p) < 0 || (verdict != GUARD_DENY && verdict != GUARD_REFUSE) || p->token != WORD ||
	    is(p, "on"))
		return *p->why ? -1 : 0;
	rule->error = errno_of(p->text);
	if (!rule->error)
		return fail(p, "\"%s\" is no name of an error; try EACCES or ENOENT", p->text);
	return next(p);
}

static int parse_text_action(struct parser *p, char **place, const char *word)
{
	char room[80];

	if (*place)
		return fail(p, "the rule has a \"%s\" already; make it two rules", word);
	if (next(p) < 0)
		return -1;
	if (p->token != STRING)
		return fail(p, "\"%s\" needs a text in quotes, not %s", word, shown(p, room));
	*place = strdup(p->text);
	return *place ? next(p) : fail(p, "%s", strerror(ENOMEM));
}

static int parse_tell(struct parser *p, struct guard_rule *rule)
{
	char room[80];
	long number;

	if (next(p) < 0)
		return -1;
	if (p->token != NUMBER)
		return fail(p, "\"tell\" needs the number of a descriptor, not %s", shown(p, room));
	number = strtol(p->text, NULL, 10);
	if (number > INT_MAX || fcntl(number, F_GETFD) < 0)
		return fail(p,
			    "descriptor %.20s is not open; open it in the shell, as in %.20s>FILE",
			    p->text, p->text);
	rule->tell = number;
	return next(p);
}

static int parse_action(struct parser *p, struct guard_rule *rule)
{
	static const struct {
		const char *word;
		enum guard_verdict verdict;
	} verdicts[] = {{"allow", GUARD_ALLOW},
			{"deny", GUARD_DENY},
			{"refuse", GUARD_REFUSE},
			{"stop", GUARD_STOP},
			{"kill", GUARD_KILL}};
	bool unmark = is(p, "unmark");
	char room[80];
	int label;

	for (size_t i = 0; i < sizeof(verdicts) / sizeof(verdicts[0]); i++)
		if (is(p, verdicts[i].word))
			return parse_verdict(p, rule, verdicts[i].verdict);
	if (is(p, "run"))
		return parse_text_action(p, &rule->run, "run");
	if (is(p, "tell"))
		return parse_tell(p, rule);
	if (is(p, "mark") || unmark) {
		if (next(p) < 0)
			return -1;
		label = label_of(p);
		if (label < 0)
			return -1;
		*(unmark ? &rule->unmark : &rule->mark) |= 1ULL << label;
		return next(p);
	}
	if (!is(p, "log"))
		return fail(p,
			    "an action is due here (log, allow, deny, refuse, stop, kill, mark, "
			    "unmark, run, tell), not %s",
			    shown(p, room));
	rule->log = true;
	if (next(p) < 0)
		return -1;
	if (p->token != STRING)
		return 0;
	free(rule->message);
	rule->message = strdup(p->text);
	return rule->message ? next(p) : fail(p, "%s", strerror(ENOMEM));
}

static int parse_rule(struct parser *p, struct guard_rule *rule)
{
	char room[80];

	rule->line = p->token_line;
	rule->tell = -1;
	if (!is(p, "on"))
		return fail(p,
			    "a rule begins with \"on\", or the one before goes on with \",\", "
			    "not with %s",
			    shown(p, room));
	if (next(p) < 0 || parse_event(p, rule) < 0)
		return -1;
	while (p->token != COLON)
		if (parse_condition(p, rule) < 0)
			return -1;
	do {
		if (next(p) < 0 || parse_action(p, rule) < 0)
			return -1;
	} while (p->token == COMMA);
	p->guard->uses[rule->event] = true;
	return 0;
}

/* ---- the file */

/* Its bytes, to free(3); NULL: *why says why not. */
static char *read_file(const char *name, size_t *length, char **why)
{
	int fd = open(name, O_RDONLY | O_CLOEXEC);
	char *bytes = malloc(FILE_MAX + 1);
	ssize_t got = 1;

	*length = 0;
	while (fd >= 0 && bytes && got > 0 && *length <= FILE_MAX) {
		got = read(fd, bytes + *length, FILE_MAX + 1 - *length);
		*length += got > 0 ? got : 0;
	}
	if (fd >= 0 && bytes && got == 0 && *length <= FILE_MAX) {
		close(fd);
		return bytes;
	}
	if (fd >= 0 && got > 0)
		errno = EFBIG;
	if (asprintf(why, "cannot read the rules %s: %s", name, strerror(errno)) < 0)
		*why = NULL;
	if (fd >= 0)
		close(fd);
	free(bytes);
	return NULL;
}

int guard_parse(struct guard *guard, const char *file, char **why)
{
	struct parser p = {.guard = guard, .line = 1, .column = 1, .why = why};
	struct guard_rule **last = &guard->rules;
	size_t length;
	char *bytes;
	int result;

	*why = NULL;
	guard->file = file;
	bytes = read_file(file, &length, why);
	if (!bytes)
		return -1;
	p.at = bytes;
	p.end = bytes + length;
	result = next(&p);
	while (!result && p.token != END) {
		*last = calloc(1, sizeof(**last));
		if (!*last)
			result = fail(&p, "%s", strerror(ENOMEM));
		else
			result = parse_rule(&p, *last);
		if (*last)
			last = &(*last)->next;
	}
	if (!result && !guard->rules)
		result = fail(&p, "there is no rule in the file; write one, or let --learn do it");
	free(bytes);
	return result;
}

static void free_patterns(struct guard_pattern *pattern)
{
	while (pattern) {
		struct guard_pattern *next = pattern->next;

		free(pattern->text);
		free(pattern->resolved);
		free(pattern);
		pattern = next;
	}
}

void guard_free(struct guard *guard)
{
	while (guard->rules) {
		struct guard_rule *rule = guard->rules;

		guard->rules = rule->next;
		free_patterns(rule->objects);
		free_patterns(rule->programs);
		free(rule->message);
		free(rule->run);
		free(rule);
	}
	for (unsigned int i = 0; i < guard->label_count; i++)
		free(guard->labels[i]);
	guard->label_count = 0;
}
