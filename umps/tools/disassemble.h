/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Machine words as text.
 */
#ifndef UMPS_TOOLS_DISASSEMBLE_H
#define UMPS_TOOLS_DISASSEMBLE_H

#include <stddef.h>
#include <stdint.h>

/* Longest text, with its end. */
#define DISASSEMBLY_SIZE 48

/*
 * Writes the instruction WORD as text: mnemonic, a tab, operands. Branches show their distance from
 * the delay slot in bytes, jumps the 28 bits that they replace in the program counter, a word that
 * the machine does not execute "ri/ill" and which kind of instruction its opcode is.
 */
void disassemble(uint32_t word, char text[DISASSEMBLY_SIZE]);

#endif
