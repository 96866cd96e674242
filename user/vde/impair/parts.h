/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Inside the impairment engine. */
#ifndef VDE_IMPAIR_PARTS_H
#define VDE_IMPAIR_PARTS_H

#include "user/vde/impair/impair.h"

struct node {
	char name[IMPAIR_NAME_SIZE];
	struct impair_value value[IMPAIR_WAYS][IMPAIR_KINDS];
	double edge[IMPAIR_NODES_MAX]; /* percent per step */
};

struct impair_model {
	uint64_t dice[4];
	bool fifo;
	unsigned int count, current, edited;
	unsigned int step; /* ms */
	uint64_t next_step;
	struct node node[IMPAIR_NODES_MAX];
};

/* Evenly from [0, 1). */
double dice_roll(struct impair_model *model);
/* One throw of a value of the current node, never below zero. */
double dice_value(struct impair_model *model, enum impair_way way, enum impair_kind kind);

#endif
