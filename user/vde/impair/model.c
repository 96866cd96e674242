/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Values, the Markov chain over them, and the dice. */
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "user/vde/impair/parts.h"

#define STEP_DEFAULT 100
#define MILLION	     1000000ull

static const struct {
	const char *name, *alias;
	double max;
} kinds[IMPAIR_KINDS] = {
	[IMPAIR_DELAY] = {"delay", NULL, 3600e3},
	[IMPAIR_LOSS] = {"loss", NULL, 100},
	[IMPAIR_LOST_BURST] = {"lostburst", NULL, 1e9},
	[IMPAIR_DUP] = {"dup", NULL, 100},
	[IMPAIR_BANDWIDTH] = {"bandwidth", "band", 1e12},
	[IMPAIR_SPEED] = {"speed", NULL, 1e12},
	[IMPAIR_CHANBUFSIZE] = {"chanbufsize", "capacity", 1e12},
	[IMPAIR_NOISE] = {"noise", NULL, 8 << 20},
	[IMPAIR_MTU] = {"mtu", NULL, 65535},
};

/* xoshiro256** (Blackman and Vigna, 2018), seeded by splitmix64. */
static uint64_t rotate(uint64_t x, int k)
{
	return x << k | x >> (64 - k);
}

static uint64_t dice_bits(uint64_t s[4])
{
	uint64_t result = rotate(s[1] * 5, 7) * 9, t = s[1] << 17;

	s[2] ^= s[0];
	s[3] ^= s[1];
	s[1] ^= s[2];
	s[0] ^= s[3];
	s[2] ^= t;
	s[3] = rotate(s[3], 45);
	return result;
}

static void dice_seed(uint64_t s[4], uint64_t seed)
{
	for (int i = 0; i < 4; i++) {
		uint64_t z = seed += 0x9e3779b97f4a7c15ull;

		z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
		z = (z ^ z >> 27) * 0x94d049bb133111ebull;
		s[i] = z ^ z >> 31;
	}
}

double dice_roll(struct impair_model *model)
{
	return (dice_bits(model->dice) >> 11) * 0x1p-53;
}

static double gaussian(struct impair_model *model)
{
	/* Box-Muller; 1 - roll is never zero. */
	return sqrt(-2 * log(1 - dice_roll(model))) * cos(2 * M_PI * dice_roll(model));
}

double dice_value(struct impair_model *model, enum impair_way way, enum impair_kind kind)
{
	const struct impair_value *v = &model->node[model->current].value[way][kind];
	double value = v->value;

	if (v->spread > 0)
		value += v->spread * (v->gaussian ? gaussian(model) / 3 : 2 * dice_roll(model) - 1);
	return value > 0 ? value : 0;
}

struct impair_model *impair_model_new(uint64_t seed)
{
	struct impair_model *model = calloc(1, sizeof(*model));

	if (!model)
		return NULL;
	if (!seed && getrandom(&seed, sizeof(seed), 0) != sizeof(seed)) {
		free(model);
		return NULL;
	}
	dice_seed(model->dice, seed);
	model->fifo = true;
	model->count = 1;
	model->step = STEP_DEFAULT;
	return model;
}

void impair_model_free(struct impair_model *model)
{
	free(model);
}

int impair_kind_named(const char *name)
{
	for (int kind = 0; kind < IMPAIR_KINDS; kind++)
		if (strcmp(name, kinds[kind].name) == 0 ||
		    (kinds[kind].alias && strcmp(name, kinds[kind].alias) == 0))
			return kind;
	return -1;
}

const char *impair_kind_name(enum impair_kind kind)
{
	return kinds[kind].name;
}

/* A number at *text, which moves behind it; -1 if there is none. */
static double take_number(const char **text)
{
	char *end;
	double value;

	if (!isdigit((unsigned char)**text) && **text != '.')
		return -1;
	value = strtod(*text, &end);
	*text = end;
	return value;
}

static double take_scale(const char **text)
{
	static const char letters[] = "KMG";
	const char *letter = **text ? strchr(letters, toupper((unsigned char)**text)) : NULL;

	if (!letter)
		return 1;
	(*text)++;
	return pow(1024, letter - letters + 1);
}

int impair_set(struct impair_model *model, enum impair_kind kind, const char *text)
{
	struct impair_value v = {0};
	int first = IMPAIR_LR, last = IMPAIR_RL;
	unsigned int node = model->edited;
	double scale;
	int length = 0;

	text += strspn(text, " \t");
	if (strncasecmp(text, "LR", 2) == 0)
		last = IMPAIR_LR;
	else if (strncasecmp(text, "RL", 2) == 0)
		first = IMPAIR_RL;
	if (first == last)
		text += 2;
	text += strspn(text, " \t");
	v.value = take_number(&text);
	if (*text == '+') {
		text++;
		v.spread = take_number(&text);
	}
	if (!(v.value >= 0) || !(v.spread >= 0))
		return -EINVAL;
	scale = take_scale(&text);
	v.value *= scale;
	v.spread *= scale;
	if (*text && strchr("UuNn", *text))
		v.gaussian = tolower((unsigned char)*text++) == 'n';
	if (*text == '[') {
		if (sscanf(text, "[%u]%n", &node, &length) != 1 || !length)
			return -EINVAL;
		text += length;
	}
	if (text[strspn(text, " \t")] || v.value > kinds[kind].max || v.spread > kinds[kind].max)
		return -EINVAL;
	if (node >= model->count)
		return -ENOENT;
	for (int way = first; way <= last; way++)
		model->node[node].value[way][kind] = v;
	return 0;
}

struct impair_value impair_get(const struct impair_model *model, unsigned int node,
			       enum impair_way way, enum impair_kind kind)
{
	return model->node[node < model->count ? node : 0].value[way][kind];
}

void impair_set_fifo(struct impair_model *model, bool fifo)
{
	model->fifo = fifo;
}

bool impair_fifo(const struct impair_model *model)
{
	return model->fifo;
}

int impair_set_nodes(struct impair_model *model, unsigned int count)
{
	if (count < 1 || count > IMPAIR_NODES_MAX)
		return -EINVAL;
	for (unsigned int i = count; i < IMPAIR_NODES_MAX; i++)
		memset(&model->node[i], 0, sizeof(model->node[i]));
	for (unsigned int i = 0; i < count; i++)
		for (unsigned int to = count; to < IMPAIR_NODES_MAX; to++)
			model->node[i].edge[to] = 0;
	model->count = count;
	model->current = model->current < count ? model->current : 0;
	model->edited = model->edited < count ? model->edited : 0;
	model->next_step = 0;
	return 0;
}

unsigned int impair_nodes(const struct impair_model *model)
{
	return model->count;
}

int impair_edit_node(struct impair_model *model, unsigned int node)
{
	if (node >= model->count)
		return -EINVAL;
	model->edited = node;
	return 0;
}

unsigned int impair_edited_node(const struct impair_model *model)
{
	return model->edited;
}

int impair_set_name(struct impair_model *model, unsigned int node, const char *name)
{
	if (node >= model->count || strlen(name) >= IMPAIR_NAME_SIZE)
		return -EINVAL;
	strcpy(model->node[node].name, name);
	return 0;
}

const char *impair_name(const struct impair_model *model, unsigned int node)
{
	return node < model->count ? model->node[node].name : "";
}

int impair_set_edge(struct impair_model *model, unsigned int from, unsigned int to, double percent)
{
	double sum = percent;

	if (from >= model->count || to >= model->count || from == to || !(percent >= 0))
		return -EINVAL;
	for (unsigned int i = 0; i < model->count; i++)
		sum += i == to ? 0 : model->node[from].edge[i];
	if (sum > 100)
		return -EINVAL;
	model->node[from].edge[to] = percent;
	return 0;
}

double impair_edge(const struct impair_model *model, unsigned int from, unsigned int to)
{
	return from < model->count && to < model->count ? model->node[from].edge[to] : 0;
}

int impair_set_step(struct impair_model *model, unsigned int milliseconds)
{
	if (milliseconds < 1 || milliseconds > 3600000)
		return -EINVAL;
	model->step = milliseconds;
	model->next_step = 0;
	return 0;
}

unsigned int impair_step_time(const struct impair_model *model)
{
	return model->step;
}

int impair_set_current(struct impair_model *model, unsigned int node)
{
	if (node >= model->count)
		return -EINVAL;
	model->current = node;
	return 0;
}

unsigned int impair_current(const struct impair_model *model)
{
	return model->current;
}

static unsigned int step_from(struct impair_model *model, unsigned int node)
{
	double roll = 100 * dice_roll(model);

	for (unsigned int to = 0; to < model->count; to++) {
		roll -= model->node[node].edge[to];
		if (roll < 0)
			return to;
	}
	return node;
}

bool impair_step(struct impair_model *model, uint64_t now, uint64_t *next)
{
	unsigned int before = model->current;
	uint64_t period = model->step * MILLION;

	if (model->count < 2) {
		*next = UINT64_MAX;
		return false;
	}
	/* After a long sleep the steps missed are skipped: the chain has no memory of them. */
	if (!model->next_step || now > model->next_step + 1000 * period)
		model->next_step = now + period;
	while (model->next_step <= now) {
		model->current = step_from(model, model->current);
		model->next_step += period;
	}
	*next = model->next_step;
	return model->current != before;
}
