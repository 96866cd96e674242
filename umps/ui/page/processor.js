// SPDX-License-Identifier: GPL-2.0-or-later
// Registers and TLB of the chosen processor; what changed since the machine last stood still is marked.

import { el, hex, grouped, formats, parseWord, editable, redraw } from './dom.js';
import { request, say } from './server.js';
import { remember } from './layout.js';

const exceptions = ['Int', 'Mod', 'TLBL', 'TLBS', 'AdEL', 'AdES', 'DBE', 'IBE', 'Sys', 'Bp', 'RI', 'CpU', 'Ov'];
const alwaysMoving = ['Random', 'Timer', 'nextPC'];
const body = document.querySelector('#processor .body');
const tlbBody = document.querySelector('#tlb .body');
const select = document.querySelector('#processor .format');
let format = 'hex';
let before = new Map(); // register number -> value when the machine last stood still
let now = new Map();
let shownTick = -1;

select.append(...Object.keys(formats).map(name => el('option', {}, name)));

const bits = (value, names) => names.filter(([bit]) => value >>> bit & 1).map(([, name]) => name).join(' ');

// The fields of a register in words.
function meaning(name, value) {
	switch (name) {
	case 'Status': {
		const stack = bits(value, [[1, 'KUc'], [0, 'IEc'], [3, 'KUp'], [2, 'IEp'], [5, 'KUo'], [4, 'IEo']]);
		const lines = [0, 1, 2, 3, 4, 5, 6, 7].filter(line => value >>> (8 + line) & 1).join('');
		return `${value & 2 ? 'user' : 'kernel'} ${stack}${lines ? ' IM ' + lines : ''} ` +
			bits(value, [[22, 'BEV'], [27, 'TE'], [28, 'CU0']]);
	}
	case 'Cause': {
		const lines = [0, 1, 2, 3, 4, 5, 6, 7].filter(line => value >>> (8 + line) & 1).join('');
		return `${exceptions[value >>> 2 & 31] ?? '?'}${value >>> 31 ? ' BD' : ''}${lines ? ' IP ' + lines : ''}`;
	}
	case 'EntryHi':
		return `page ${hex(value >>> 12, 5)} ASID ${value >>> 6 & 63}`;
	case 'EntryLo':
		return `frame ${hex(value >>> 12, 5)} ${bits(value, [[10, 'D'], [9, 'V'], [8, 'G']])}`;
	case 'Index':
		return value >>> 31 ? 'not found' : `entry ${value >>> 8 & 63}`;
	case 'Random':
		return `entry ${value >>> 8 & 63}`;
	default:
		return '';
	}
}

function register(cpu, { number, name, value }) {
	const text = formats[format](value);
	const cell = el('td', { class: 'value' + (before.has(number) && before.get(number) !== value && !alwaysMoving.includes(name) ? ' changed' : ''),
		'data-register': name }, text);
	if (name !== 'zero' && name !== 'nextPC' && name !== 'PRID')
		editable(cell, text, typed => {
			const word = parseWord(typed, format);
			if (word === null)
				say(`"${typed}" is not a 32-bit number; hexadecimal, or 0x...`);
			else
				request('register', { cpu, register: number, value: word });
		});
	return [el('th', {}, name), cell];
}

// What a processor does, in words that fit the state of the whole machine.
export function doing(state, cpu) {
	const own = state.cpus[cpu].state;
	if (own !== 'running')
		return own;
	if (state.running)
		return 'running';
	return /halted|panic|never|Powered off/.test(state.status) ? 'at its end' : 'stopped';
}

function summary(cpu, { symbol, pc, slot, load, instructions }, what) {
	const flag = (on, name, title) => el('span', { class: 'flag' + (on ? ' on' : ''), title }, name);
	return el('p', { class: 'summary' }, el('b', {}, `CPU ${cpu} ${what}`), ` at ${symbol || hex(pc)}, `,
		`${grouped(instructions)} instructions `, flag(slot, 'BD', 'The next instruction is in a branch delay slot'),
		flag(load, 'LD', 'A load has not arrived yet'));
}

const columnCount = () => format === 'binary' ? 1 : body.clientWidth < 400 ? 2 : 4;

function draw(cpu, state, what) {
	const { registers } = state;
	const general = registers.filter(r => r.number < 32), rest = registers.filter(r => r.number >= 32);
	const columns = columnCount(), rows = general.length / columns;
	return [
		summary(cpu, state, what),
		el('table', { class: 'registers' }, Array.from({ length: rows }, (_, row) => el('tr', {},
			Array.from({ length: columns }, (_, column) => register(cpu, general[column * rows + row]))))),
		el('table', { class: 'registers special' }, rest.map(r => el('tr', {},
			register(cpu, r), el('td', { class: 'meaning' }, meaning(r.name, r.value))))),
	];
}

function drawTlb(cpu, entries) {
	const word = (entry, which, value) => editable(el('td', { class: 'value' }, hex(value)), hex(value), typed => {
		const parsed = parseWord(typed, 'hex');
		const pair = [...entries[entry]];
		if (parsed === null)
			return say(`"${typed}" is not a 32-bit number in hexadecimal`);
		pair[which] = parsed;
		return request('tlb', { cpu, entry, hi: pair[0], lo: pair[1] });
	});
	return el('table', { class: 'tlb' },
		el('tr', {}, ['#', 'EntryHi', 'EntryLo', 'page', 'ASID', 'frame', 'D V G'].map(t => el('th', {}, t))),
		entries.map(([hi, lo], i) => el('tr', { class: hi || lo ? '' : 'empty' },
			el('th', {}, String(i)), word(i, 0, hi), word(i, 1, lo),
			el('td', {}, hex(hi >>> 12, 5)), el('td', {}, String(hi >>> 6 & 63)), el('td', {}, hex(lo >>> 12, 5)),
			el('td', {}, [10, 9, 8].map(bit => lo >>> bit & 1 ? '●' : '·').join(' ')))));
}

export function showProcessor(state, cpu) {
	const { registers, tlb } = state.cpus[cpu];
	if (state.tick !== shownTick && !state.running) {
		before = now;
		now = new Map(registers.map(r => [r.number, r.value]));
		shownTick = state.tick;
	}
	redraw(body, [cpu, format, columnCount(), state.cpus[cpu], doing(state, cpu), [...before]], () => draw(cpu, state.cpus[cpu], doing(state, cpu)));
	redraw(tlbBody, [cpu, tlb], () => drawTlb(cpu, tlb));
	select.onchange = () => {
		format = select.value;
		remember('format', format);
		showProcessor(state, cpu);
	};
}

addEventListener('restore', event => {
	if (Object.hasOwn(formats, event.detail.format))
		select.value = format = event.detail.format;
});
