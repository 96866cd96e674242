// SPDX-License-Identifier: GPL-2.0-or-later
// Stop points, traced regions, symbols, memory: one panel, four tabs.

import { el, hex, editable, parseWord, redraw, tabs } from './dom.js';
import { ask, request, say } from './server.js';
import { remember } from './layout.js';

const panel = document.getElementById('explore');
const head = panel.querySelector('.tabs');
const body = panel.querySelector('.body');
const titles = [['points', 'Stop points'], ['traces', 'Traced regions'], ['symbols', 'Symbols'], ['memory', 'Memory']];
let chosen = 'points';
let state = null;
let symbols = null;
let filter = '';
let memory = { address: '0x20000000', asid: 64, words: null };
const last = new Map(); // trace id -> words shown before

const asidText = asid => asid === 64 ? 'physical' : asid < 0 ? 'any' : String(asid);
const asidField = () => el('select', { name: 'asid', title: 'Address space' },
	el('option', { value: '64' }, 'physical'), el('option', { value: '-1' }, 'any ASID'),
	Array.from({ length: 64 }, (_, i) => el('option', { value: String(i) }, `ASID ${i}`)));

function form(title, fields, send) {
	const node = el('form', {
		onsubmit: async event => {
			event.preventDefault();
			if (await send(new FormData(node)))
				node.querySelector('input').value = '';
		},
		onkeydown: event => event.stopPropagation(),
	}, fields, el('button', {}, title));
	return node;
}

// ---- stop points

const stops = [[8, 'exceptions'], [16, 'kernel TLB refill'], [32, 'user TLB refill']];

function points() {
	const row = p => el('tr', { class: p.enabled ? '' : 'off' },
		el('td', {}, el('input', {
			type: 'checkbox', checked: p.enabled, title: 'Enabled',
			onchange: event => request('enable', { id: p.id, enabled: event.target.checked }),
		})),
		el('th', {}, (p.kind === 'breakpoint' ? 'B' : 'S') + p.id),
		el('td', { class: 'value' }, hex(p.first) + (p.last > p.first ? '–' + hex(p.last) : '')),
		el('td', {}, p.symbol), el('td', {}, asidText(p.asid)),
		el('td', {}, p.kind === 'suspect' ? [p.read && 'read', p.write && 'write'].filter(Boolean).join(' ') : 'fetch'),
		el('td', { title: 'Processors that stand here' }, state.cpus.map((c, i) => p.kind === 'breakpoint' && c.pc === p.first &&
			c.state !== 'halted' ? `CPU ${i}` : '').filter(Boolean).join(' ')),
		el('td', {}, el('button', { class: 'remove', title: 'Remove', onclick: () => request('remove', { id: p.id }) }, '✕')));
	return [
		el('div', { class: 'forms' },
			form('Add breakpoint', [
				el('input', { name: 'address', placeholder: 'function or address', list: 'functions', required: true }), asidField(),
			], data => request('breakpoint', { address: data.get('address'), asid: Number(data.get('asid')) })),
			form('Add suspect', [
				el('input', { name: 'address', placeholder: 'variable or address', list: 'objects', required: true }),
				el('input', { name: 'bytes', type: 'number', value: '4', min: '1', title: 'Bytes' }), asidField(),
				el('label', {}, el('input', { type: 'checkbox', name: 'read' }), 'read'),
				el('label', {}, el('input', { type: 'checkbox', name: 'write', checked: true }), 'write'),
			], data => request('suspect', {
				address: data.get('address'), bytes: Number(data.get('bytes')), asid: Number(data.get('asid')),
				read: data.has('read'), write: data.has('write'),
			})),
			el('fieldset', {}, el('legend', {}, 'Stop also at'), stops.map(([bit, name]) => el('label', {},
				el('input', {
					type: 'checkbox', checked: Boolean(state.mask & bit),
					onchange: () => request('mask', { mask: state.mask ^ bit }),
				}), name)))),
		state.points.length ? el('table', { class: 'points' }, state.points.map(row)) :
			el('p', { class: 'hint' }, 'No stop points. Click on a line of code, or name a function above.'),
	];
}

// ---- traced regions and memory: words, bytes as text, changed ones marked

function words(address, list, before) {
	const text = list.map(w => [0, 8, 16, 24].map(s => w >>> s & 255)).flat()
		.map(b => b >= 32 && b < 127 ? String.fromCharCode(b) : '·').join('');
	const rows = [];
	for (let i = 0; i < list.length; i += 4)
		rows.push(el('tr', {}, el('th', {}, hex(address + 4 * i)),
			Array.from({ length: 4 }, (_, j) => {
				const word = list[i + j];
				if (word === undefined)
					return el('td');
				const cell = el('td', { class: 'value' + (before && before[i + j] !== word ? ' changed' : '') }, hex(word));
				return editable(cell, hex(word), typed => {
					const value = parseWord(typed, 'hex');
					if (value === null)
						say(`"${typed}" is not a 32-bit number in hexadecimal`);
					else
						request('memory', { address: address + 4 * (i + j), value });
				});
			}), el('td', { class: 'ascii' }, text.slice(4 * i, 4 * i + 16))));
	return el('table', { class: 'words' }, rows);
}

function traces() {
	return [
		el('div', { class: 'forms' }, form('Trace', [
			el('input', { name: 'address', placeholder: 'variable or address', list: 'objects', required: true }),
			el('input', { name: 'words', type: 'number', value: '4', min: '1', max: '1025', title: 'Words' }),
		], data => request('trace', { address: data.get('address'), words: Number(data.get('words')) }))),
		state.traces.length ? state.traces.map(t => el('section', { class: 'trace' },
			el('h3', {}, t.name, el('button', { class: 'remove', title: 'Remove', onclick: () => request('untrace', { id: t.id }) }, '✕')),
			words(t.address, t.words, last.get(t.id)))) :
			[el('p', { class: 'hint' }, 'No traced regions. Name a variable or a physical address above; its words are shown all the time.')],
	].flat();
}

async function readMemory() {
	const answer = await ask('memory', { cpu: 0, asid: memory.asid, address: memory.address, length: 1024 });
	memory.words = answer?.words ?? [];
	memory.start = answer?.address;
}

function memoryView() {
	const fields = form('Show', [
		el('input', { name: 'address', value: memory.address, list: 'objects', required: true }), asidField(),
	], async data => {
		memory = { address: data.get('address'), asid: Number(data.get('asid')) };
		await show();
		return false;
	});
	fields.querySelector('select').value = String(memory.asid);
	return [el('div', { class: 'forms' }, fields),
		memory.words?.length ? words(memory.start, memory.words) : el('p', { class: 'hint' }, 'There is no memory at this address.')];
}

// ---- symbols

function symbolView() {
	const list = symbols.symbols.filter(s => s.name.toLowerCase().includes(filter.toLowerCase())).slice(0, 500);
	const find = el('input', { placeholder: 'find', value: filter, onkeydown: event => event.stopPropagation() });
	const rows = el('table', { class: 'symbols' }, list.map(s => el('tr', {},
		el('td', { class: 'value' }, hex(s.start)), el('td', {}, s.function ? 'function' : 'object'), el('td', {}, `${s.size} bytes`),
		el('td', {}, el('button', {
			class: 'link', title: s.function ? 'Break here' : 'Trace it',
			onclick: () => s.function ? request('breakpoint', { address: s.name, asid: symbols.asid }) :
				request('trace', { address: s.name, words: Math.min(1025, Math.ceil(s.size / 4)) }),
		}, s.name)))));
	find.addEventListener('input', () => {
		filter = find.value;
		rows.replaceChildren(...symbolView()[1].childNodes);
	});
	return [el('div', { class: 'forms' }, find), rows];
}

function offerSymbols() {
	for (const [id, functions] of [['functions', true], ['objects', false]]) {
		document.getElementById(id)?.remove();
		document.body.append(el('datalist', { id }, symbols.symbols.filter(s => s.function === functions)
			.map(s => el('option', { value: s.name }))));
	}
}

// ---- the panel

const views = {
	points: [points, () => [state.points, state.mask, state.cpus.map(c => c.pc)]],
	traces: [traces, () => [state.traces, [...last]]],
	symbols: [symbolView, () => symbols],
	memory: [memoryView, () => memory],
};

async function show() {
	if (chosen === 'memory' && !state.running)
		await readMemory();
	if (!symbols) {
		symbols = await ask('symbols') ?? { asid: 64, symbols: [] };
		offerSymbols();
	}
	const [draw, key] = views[chosen];
	if (body.contains(document.activeElement) && document.activeElement.form && body.dataset.drawn?.startsWith(`["${chosen}"`))
		return;
	redraw(body, [chosen, key()], draw);
	for (const t of state.traces)
		last.set(t.id, t.words);
}

function choose(tab) {
	chosen = tab;
	remember('tab', tab);
	tabs(head, titles, chosen, choose);
	show();
}

export function showExplore(newState, poweredOn) {
	const first = !state;
	state = newState;
	if (poweredOn)
		symbols = null;
	if (first)
		tabs(head, titles, chosen, choose);
	show();
}

export const chooseTab = index => choose(titles[index][0]);

addEventListener('restore', event => {
	if (titles.some(([id]) => id === event.detail.tab))
		chosen = event.detail.tab;
});
