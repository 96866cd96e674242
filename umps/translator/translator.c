/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "umps/machine/machine.h"
struct translator *translator_new(struct umps *m) { return NULL; }
void translator_free(struct translator *t) {}
void translator_wrote(struct umps *m, uint32_t physical, uint32_t length) {}
void translator_flush(struct umps *m) {}
void translator_forget_jumps(struct cpu *cpu) {}
void translate_until_horizon(struct umps *m, struct cpu *cpu) {}
