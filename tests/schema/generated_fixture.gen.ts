// Codecs of the protocol "fixture", made by tools/schema_gen.ts. Do not edit.
// deno-lint-ignore-file
// deno-fmt-ignore-file
// @ts-nocheck: generated text is checked by running it against the interpreter.
import { registerGenerated } from "../../schema/runtime.ts";

registerGenerated({
  // Every, version 2
  "dee651b11e33f2d5": (runtime, fail) => {
    "use strict";
    const { float32, int32, scratch, compareMapKeys, compressFloat, decompressFloat, dynamicBytes, isQuaternion, newBytes, packedQuaternion, packQuaternion, plainConstructor, readBytes, readDynamic, readUtf8, readVarint, sortedKeys, unpackQuaternion, utf8Bytes, varintEnd, writeBytes, writeUtf8, writeVarint } = runtime;
    const G19 = {"min":0,"max":10,"resolution":0.009999999776482582,"delta":10,"maxInteger":1000,"bits":10};
    const A36 = {"kind":"any","maxBytes":64,"maxDepth":8,"maxItems":256,"bits":6};
    const K61 = {"kind":"string","maxBytes":9,"bits":4};
    const E90 = ["fist","a \"quoted\" bow","line\nbreak"];
    const Make97 = plainConstructor(function () { this.x = 0; this.y = 0; this.z = 0; this.w = 1; }, ["x","y","z","w"]);
    const Make121 = plainConstructor(function () { this.x = 0; this.y = 0; }, []);
    const Make134 = plainConstructor(function () { this.deep = undefined; }, []);
    const Make141 = plainConstructor(function () { this.kind = "move"; this.to = 0; }, []);
    const Make145 = plainConstructor(function () { this.kind = "stop"; }, []);
    const Make146 = plainConstructor(function () { this.bool = false; this.small = 0; this.wide = 0; this.f32 = 0; this.f64 = 0; this.grid = 0; this.compressed = 0; this.angle = 0; this.kind = "fist"; this.turn = new Make97(); this.varint = 0; this.text = ""; this.raw = newBytes(0); this.any = null; this.list = []; this.points = []; this.scores = new Map([]); this.maybe = undefined; this.action = new Make141(); this.added = 7; }, ["wide","f32","f64","grid","compressed","angle"]);
    function write(view, offset, value) {
      const limit = view.byteLength;
      let p = offset;
      if (value === undefined || value === null) return fail(value);
      if (30 > limit - p) return -1;
      const a1 = value.bool;
      if (a1 !== true && a1 !== false) return fail(value);
      const a2 = a1 === true ? 1 : 0;
      const a3 = value.small;
      if (typeof a3 !== "number") return fail(value);
      const a4 = a3 - (-3) | 0;
      if ((a3 | 0) !== a3 || a4 >>> 0 > 12) return fail(value);
      const a5 = value.wide;
      if (typeof a5 !== "number") return fail(value);
      if (!Number.isSafeInteger(a5) || a5 < 0 || a5 > 1099511627776) return fail(value);
      const a6 = a5 - 0;
      const a7 = a6 >>> 0;
      const a8 = Math.floor(a6 / 4294967296);
      view.setInt32(p, a2 | a4 << 1 | a7 << 5, true);
      const a9 = value.f32;
      if (typeof a9 !== "number") return fail(value);
      const f10 = Math.fround(a9);
      if (f10 - f10 !== 0) return fail(value);
      float32[0] = f10;
      const a11 = int32[0];
      view.setInt32(p + 4, a7 >>> 27 | a8 << 5 | a11 << 14, true);
      const a12 = value.f64;
      if (typeof a12 !== "number") return fail(value);
      if (a12 - a12 !== 0) return fail(value);
      scratch.setFloat64(0, a12, true);
      const a13 = scratch.getInt32(0, true);
      const a14 = scratch.getInt32(4, true);
      view.setInt32(p + 8, a11 >>> 18 | a13 << 14, true);
      view.setInt32(p + 12, a13 >>> 18 | a14 << 14, true);
      const a15 = value.grid;
      if (typeof a15 !== "number") return fail(value);
      const k16 = Math.floor(a15 * 10 + 0.5) + 7;
      if (!(k16 >= 0 && k16 <= 14)) return fail(value);
      const a17 = value.compressed;
      if (typeof a17 !== "number") return fail(value);
      const f18 = Math.fround(a17);
      if (f18 - f18 !== 0) return fail(value);
      const a20 = compressFloat(G19, f18);
      const a21 = value.angle;
      if (typeof a21 !== "number") return fail(value);
      if (a21 - a21 !== 0) return fail(value);
      const a22 = Math.floor(a21 * 651.8986469044033 + 0.5) & 4095;
      view.setInt32(p + 16, a14 >>> 18 | k16 << 14 | a20 << 18 | a22 << 28, true);
      const a23 = value.kind;
      const a24 = a23 === "fist" ? 0 : a23 === "a \"quoted\" bow" ? 1 : a23 === "line\nbreak" ? 2 : -1;
      if (a24 < 0) return fail(value);
      const q25 = value.turn;
      if (!isQuaternion(q25) || !packQuaternion(9, q25)) return fail(value);
      const a26 = packedQuaternion[0];
      const a27 = packedQuaternion[1];
      const a28 = packedQuaternion[2];
      const a29 = packedQuaternion[3];
      view.setInt32(p + 20, a22 >>> 4 | a24 << 8 | a26 << 10 | a27 << 12 | a28 << 21 | a29 << 30, true);
      const a30 = value.varint;
      if (typeof a30 !== "number" || (a30 >>> 0) !== a30) return fail(value);
      const v31 = value.text;
      if (typeof v31 !== "string" || v31.length > 24) return fail(value);
      const n32 = utf8Bytes(v31);
      if (n32 < 0 || n32 > 24) return fail(value);
      const v33 = value.raw;
      if (!(v33 instanceof Uint8Array)) return fail(value);
      const n34 = v33.length;
      if (n34 > 9) return fail(value);
      const v35 = value.any;
      const b37 = dynamicBytes(A36, v35);
      if (b37 === undefined) return fail(value);
      const n38 = b37.length;
      const a39 = n38 - 1;
      const v40 = value.list;
      if (!Array.isArray(v40)) return fail(value);
      const n41 = v40.length;
      if (n41 > 9) return fail(value);
      const v42 = value.points;
      if (!Array.isArray(v42)) return fail(value);
      const n43 = v42.length;
      if (n43 > 4) return fail(value);
      const v44 = value.scores;
      if (!(v44 instanceof Map)) return fail(value);
      const n45 = v44.size;
      if (n45 > 4) return fail(value);
      view.setInt32(p + 24, a29 >>> 2 | n32 << 7 | n34 << 12 | a39 << 16 | n41 << 22 | n43 << 26 | n45 << 29, true);
      const o46 = value.maybe;
      const a47 = o46 === undefined ? 0 : 1;
      const s48 = value.action;
      if (s48 === undefined || s48 === null) return fail(value);
      const t49 = s48.kind;
      const a50 = t49 === "move" ? 0 : t49 === "stop" ? 1 : -1;
      if (a50 < 0) return fail(value);
      const a51 = value.added;
      if (typeof a51 !== "number") return fail(value);
      if ((a51 | 0) !== a51 || a51 >>> 0 > 255) return fail(value);
      view.setUint16(p + 28, a47 | a50 << 1 | a51 << 2, true);
      p += 30;
      p = writeVarint(view, p, a30);
      if (p < 0) return p;
      if (n32 > limit - p) return -1;
      p = writeUtf8(view, p, v31, n32);
      if (n34 > limit - p) return -1;
      p = writeBytes(view, p, v33);
      if (n38 > limit - p) return -1;
      p = writeBytes(view, p, b37);
      if ((n41 * 3 + 7 >>> 3) > limit - p) return -1;
      let acc53 = 0;
      let held54 = 0;
      for (let i52 = 0; i52 < n41; i52++) {
        const a55 = v40[i52];
        if (typeof a55 !== "number") return fail(value);
        if ((a55 | 0) !== a55 || a55 >>> 0 > 5) return fail(value);
        const e56 = a55;
        acc53 |= e56 << held54;
        held54 += 3;
        while (held54 >= 8) {
          view.setUint8(p++, acc53);
          acc53 >>>= 8;
          held54 -= 8;
        }
      }
      if (held54 > 0) view.setUint8(p++, acc53);
      if (n43 * 2 > limit - p) return -1;
      for (let i57 = 0; i57 < n43; i57++) {
        const s58 = v42[i57];
        if (s58 === undefined || s58 === null) return fail(value);
        const a59 = s58.x;
        if (typeof a59 !== "number") return fail(value);
        if ((a59 | 0) !== a59 || a59 >>> 0 > 255) return fail(value);
        const a60 = s58.y;
        if (typeof a60 !== "number") return fail(value);
        if ((a60 | 0) !== a60 || a60 >>> 0 > 255) return fail(value);
        view.setUint16(p, a59 | a60 << 8, true);
        p += 2;
      }
      const k62 = sortedKeys(K61, v44);
      for (let i63 = 0; i63 < k62.length; i63++) {
        const k64 = k62[i63];
        const m65 = { key: k64, value: v44.get(k64) };
        if (3 > limit - p) return -1;
        const v66 = m65.key;
        if (typeof v66 !== "string" || v66.length > 9) return fail(value);
        const n67 = utf8Bytes(v66);
        if (n67 < 0 || n67 > 9) return fail(value);
        const a68 = m65.value;
        if (typeof a68 !== "number") return fail(value);
        if ((a68 | 0) !== a68 || a68 >>> 0 > 65535) return fail(value);
        const w69 = n67 | a68 << 4;
        view.setUint16(p, w69, true);
        view.setUint8(p + 2, w69 >>> 16);
        p += 3;
        if (n67 > limit - p) return -1;
        p = writeUtf8(view, p, v66, n67);
      }
      if (a47 !== 0) {
        if (1 > limit - p) return -1;
        const s70 = o46;
        if (s70 === undefined || s70 === null) return fail(value);
        const o71 = s70.deep;
        const a72 = o71 === undefined ? 0 : 1;
        view.setUint8(p, a72);
        p += 1;
        if (a72 !== 0) {
          if (1 > limit - p) return -1;
          const a73 = o71;
          if (typeof a73 !== "number") return fail(value);
          if ((a73 | 0) !== a73 || a73 >>> 0 > 255) return fail(value);
          view.setUint8(p, a73);
          p += 1;
        }
      }
      switch (a50) {
        case 0: {
          if (1 > limit - p) return -1;
          const a74 = s48.to;
          if (typeof a74 !== "number") return fail(value);
          if ((a74 | 0) !== a74 || a74 >>> 0 > 255) return fail(value);
          view.setUint8(p, a74);
          p += 1;
          break;
        }
        case 1: {
          break;
        }
      }
      return p;
    }
    function read(view, offset, end, into) {
      let p = offset;
      if (30 > end - p) return -1;
      const w75 = view.getInt32(p, true);
      into.bool = (w75 & 1) !== 0;
      const r76 = w75 >>> 1 & 15;
      if (r76 > 12) return -3;
      into.small = r76 + (-3);
      const w77 = view.getInt32(p + 4, true);
      const r78 = (w75 >>> 5 | w77 << 27) >>> 0;
      const r79 = r78 + (w77 >>> 5 & 511) * 4294967296;
      if (r79 > 1099511627776) return -3;
      into.wide = r79;
      const w80 = view.getInt32(p + 8, true);
      int32[0] = w77 >>> 14 | w80 << 18;
      const f81 = float32[0];
      if (f81 - f81 !== 0) return -9;
      into.f32 = f81;
      const w82 = view.getInt32(p + 12, true);
      const r83 = w80 >>> 14 | w82 << 18;
      const w84 = view.getInt32(p + 16, true);
      const r85 = w82 >>> 14 | w84 << 18;
      scratch.setInt32(0, r83, true);
      scratch.setInt32(4, r85, true);
      const f86 = scratch.getFloat64(0, true);
      if (f86 - f86 !== 0) return -9;
      into.f64 = f86;
      const r87 = w84 >>> 14 & 15;
      if (r87 > 14) return -3;
      into.grid = (r87 - 7) * 0.09999999999999999;
      const r88 = w84 >>> 18 & 1023;
      if (r88 > 1000) return -3;
      into.compressed = decompressFloat(G19, r88);
      const w89 = view.getInt32(p + 20, true);
      into.angle = (((w84 >>> 28 | w89 << 4) & 4095) << 20 >> 20) * 0.0015339807878856412;
      const r91 = w89 >>> 8 & 3;
      if (r91 > 2) return -4;
      into.kind = E90[r91];
      const w92 = view.getInt32(p + 24, true);
      const a93 = w89 >>> 10 & 3;
      const a94 = w89 >>> 12 & 511;
      const a95 = w89 >>> 21 & 511;
      const a96 = (w89 >>> 30 | w92 << 2) & 511;
      let s98 = into.turn;
      if (s98 === undefined || s98 === null) into.turn = s98 = new Make97();
      if (!unpackQuaternion(9, a93, a94, a95, a96, s98)) return -12;
      const r99 = w92 >>> 7 & 31;
      if (r99 > 24) return -5;
      const r100 = w92 >>> 12 & 15;
      if (r100 > 9) return -5;
      const r101 = w92 >>> 16 & 63;
      const n102 = r101 + 1;
      const r103 = w92 >>> 22 & 15;
      if (r103 > 9) return -5;
      const r104 = w92 >>> 26 & 7;
      if (r104 > 4) return -5;
      const r105 = w92 >>> 29;
      if (r105 > 4) return -5;
      const w106 = view.getUint16(p + 28, true);
      const n107 = w106 & 1;
      const r108 = w106 >>> 1 & 1;
      const r109 = w106 >>> 2 & 255;
      into.added = r109;
      if ((w106 >>> 10) !== 0) return -6;
      p += 30;
      const r110 = readVarint(view, p, end);
      if (r110 < 0) return r110;
      p = varintEnd();
      into.varint = r110;
      if (r99 > end - p) return -1;
      const v111 = readUtf8(view, p, p + r99);
      if (v111 === undefined) return -7;
      into.text = v111;
      p += r99;
      if (r100 > end - p) return -1;
      into.raw = readBytes(view, p, r100);
      p += r100;
      if (n102 > end - p) return -1;
      const v112 = readDynamic(view, p, p + n102, A36);
      if (v112 === undefined) return -11;
      into.any = v112.value;
      p += n102;
      if ((r103 * 3 + 7 >>> 3) > end - p) return -1;
      if (!Array.isArray(into.list)) into.list = [];
      const l113 = into.list;
      if (l113.length > r103) l113.length = r103;
      let acc115 = 0;
      let held116 = 0;
      for (let i114 = 0; i114 < r103; i114++) {
        while (held116 < 3) {
          acc115 |= view.getUint8(p++) << held116;
          held116 += 8;
        }
        const e117 = acc115 & 7;
        acc115 >>>= 3;
        held116 -= 3;
        const r118 = e117;
        if (r118 > 5) return -3;
        l113[i114] = r118;
      }
      if (acc115 !== 0) return -6;
      if ((r104 * 16 + 7 >>> 3) > end - p) return -1;
      if (!Array.isArray(into.points)) into.points = [];
      const l119 = into.points;
      if (l119.length > r104) l119.length = r104;
      for (let i120 = 0; i120 < r104; i120++) {
        let s122 = l119[i120];
        if (s122 === undefined || s122 === null) l119[i120] = s122 = new Make121();
        const w123 = view.getUint16(p, true);
        const r124 = w123 & 255;
        s122.x = r124;
        const r125 = w123 >>> 8;
        s122.y = r125;
        p += 2;
      }
      if (r105 * 3 > end - p) return -1;
      if (!(into.scores instanceof Map)) into.scores = new Map();
      const m126 = into.scores;
      m126.clear();
      let k127 = undefined;
      for (let i128 = 0; i128 < r105; i128++) {
        const e129 = { key: undefined, value: undefined };
        if (3 > end - p) return -1;
        const w130 = view.getUint16(p, true) | view.getUint8(p + 2) << 16;
        const r131 = w130 & 15;
        if (r131 > 9) return -5;
        const r132 = w130 >>> 4 & 65535;
        e129.value = r132;
        if ((w130 >>> 20) !== 0) return -6;
        p += 3;
        if (r131 > end - p) return -1;
        const v133 = readUtf8(view, p, p + r131);
        if (v133 === undefined) return -7;
        e129.key = v133;
        p += r131;
        if (i128 > 0 && compareMapKeys(K61, k127, e129.key) >= 0) return -10;
        k127 = e129.key;
        m126.set(e129.key, e129.value);
      }
      if (n107 !== 0) {
        if (1 > end - p) return -1;
        let s135 = into.maybe;
        if (s135 === undefined || s135 === null) into.maybe = s135 = new Make134();
        const w136 = view.getUint8(p);
        const n137 = w136 & 1;
        if ((w136 >>> 1) !== 0) return -6;
        p += 1;
        if (n137 !== 0) {
          if (1 > end - p) return -1;
          const w138 = view.getUint8(p);
          const r139 = w138;
          s135.deep = r139;
          p += 1;
        } else s135.deep = undefined;
      } else into.maybe = undefined;
      switch (r108) {
        case 0: {
          let u140 = into.action;
          if (u140 === undefined || u140 === null || u140.kind !== "move") into.action = u140 = new Make141();
          if (1 > end - p) return -1;
          const w142 = view.getUint8(p);
          const r143 = w142;
          u140.to = r143;
          p += 1;
          break;
        }
        case 1: {
          let u144 = into.action;
          if (u144 === undefined || u144 === null || u144.kind !== "stop") into.action = u144 = new Make145();
          break;
        }
      }
      return p === end ? end : -2;
    }
    function create() {
      return new Make146();
    }
    return { write, read, create };
  },
  // Ping, version 2
  "22dabbb66c4c97e6": (runtime, fail) => {
    "use strict";
    const { plainConstructor } = runtime;
    const Make1 = plainConstructor(function () {  }, []);
    function write(view, offset, value) {
      const limit = view.byteLength;
      let p = offset;
      if (value === undefined || value === null) return fail(value);
      return p;
    }
    function read(view, offset, end, into) {
      let p = offset;
      return p === end ? end : -2;
    }
    function create() {
      return new Make1();
    }
    return { write, read, create };
  },
  // Every, version 1
  "44199c10752f6e7f": (runtime, fail) => {
    "use strict";
    const { float32, int32, scratch, compareMapKeys, compressFloat, decompressFloat, dynamicBytes, isQuaternion, newBytes, packedQuaternion, packQuaternion, plainConstructor, readBytes, readDynamic, readUtf8, readVarint, sortedKeys, unpackQuaternion, utf8Bytes, varintEnd, writeBytes, writeUtf8, writeVarint } = runtime;
    const G19 = {"min":0,"max":10,"resolution":0.009999999776482582,"delta":10,"maxInteger":1000,"bits":10};
    const A36 = {"kind":"any","maxBytes":64,"maxDepth":8,"maxItems":256,"bits":6};
    const K60 = {"kind":"string","maxBytes":9,"bits":4};
    const E89 = ["fist","a \"quoted\" bow","line\nbreak"];
    const Make96 = plainConstructor(function () { this.x = 0; this.y = 0; this.z = 0; this.w = 1; }, ["x","y","z","w"]);
    const Make119 = plainConstructor(function () { this.x = 0; this.y = 0; }, []);
    const Make132 = plainConstructor(function () { this.deep = undefined; }, []);
    const Make139 = plainConstructor(function () { this.kind = "move"; this.to = 0; }, []);
    const Make143 = plainConstructor(function () { this.kind = "stop"; }, []);
    const Make144 = plainConstructor(function () { this.bool = false; this.small = 0; this.wide = 0; this.f32 = 0; this.f64 = 0; this.grid = 0; this.compressed = 0; this.angle = 0; this.kind = "fist"; this.turn = new Make96(); this.varint = 0; this.text = ""; this.raw = newBytes(0); this.any = null; this.list = []; this.points = []; this.scores = new Map([]); this.maybe = undefined; this.action = new Make139(); this.added = 7; }, ["wide","f32","f64","grid","compressed","angle"]);
    function write(view, offset, value) {
      const limit = view.byteLength;
      let p = offset;
      if (value === undefined || value === null) return fail(value);
      if (29 > limit - p) return -1;
      const a1 = value.bool;
      if (a1 !== true && a1 !== false) return fail(value);
      const a2 = a1 === true ? 1 : 0;
      const a3 = value.small;
      if (typeof a3 !== "number") return fail(value);
      const a4 = a3 - (-3) | 0;
      if ((a3 | 0) !== a3 || a4 >>> 0 > 12) return fail(value);
      const a5 = value.wide;
      if (typeof a5 !== "number") return fail(value);
      if (!Number.isSafeInteger(a5) || a5 < 0 || a5 > 1099511627776) return fail(value);
      const a6 = a5 - 0;
      const a7 = a6 >>> 0;
      const a8 = Math.floor(a6 / 4294967296);
      view.setInt32(p, a2 | a4 << 1 | a7 << 5, true);
      const a9 = value.f32;
      if (typeof a9 !== "number") return fail(value);
      const f10 = Math.fround(a9);
      if (f10 - f10 !== 0) return fail(value);
      float32[0] = f10;
      const a11 = int32[0];
      view.setInt32(p + 4, a7 >>> 27 | a8 << 5 | a11 << 14, true);
      const a12 = value.f64;
      if (typeof a12 !== "number") return fail(value);
      if (a12 - a12 !== 0) return fail(value);
      scratch.setFloat64(0, a12, true);
      const a13 = scratch.getInt32(0, true);
      const a14 = scratch.getInt32(4, true);
      view.setInt32(p + 8, a11 >>> 18 | a13 << 14, true);
      view.setInt32(p + 12, a13 >>> 18 | a14 << 14, true);
      const a15 = value.grid;
      if (typeof a15 !== "number") return fail(value);
      const k16 = Math.floor(a15 * 10 + 0.5) + 7;
      if (!(k16 >= 0 && k16 <= 14)) return fail(value);
      const a17 = value.compressed;
      if (typeof a17 !== "number") return fail(value);
      const f18 = Math.fround(a17);
      if (f18 - f18 !== 0) return fail(value);
      const a20 = compressFloat(G19, f18);
      const a21 = value.angle;
      if (typeof a21 !== "number") return fail(value);
      if (a21 - a21 !== 0) return fail(value);
      const a22 = Math.floor(a21 * 651.8986469044033 + 0.5) & 4095;
      view.setInt32(p + 16, a14 >>> 18 | k16 << 14 | a20 << 18 | a22 << 28, true);
      const a23 = value.kind;
      const a24 = a23 === "fist" ? 0 : a23 === "a \"quoted\" bow" ? 1 : a23 === "line\nbreak" ? 2 : -1;
      if (a24 < 0) return fail(value);
      const q25 = value.turn;
      if (!isQuaternion(q25) || !packQuaternion(9, q25)) return fail(value);
      const a26 = packedQuaternion[0];
      const a27 = packedQuaternion[1];
      const a28 = packedQuaternion[2];
      const a29 = packedQuaternion[3];
      view.setInt32(p + 20, a22 >>> 4 | a24 << 8 | a26 << 10 | a27 << 12 | a28 << 21 | a29 << 30, true);
      const a30 = value.varint;
      if (typeof a30 !== "number" || (a30 >>> 0) !== a30) return fail(value);
      const v31 = value.text;
      if (typeof v31 !== "string" || v31.length > 24) return fail(value);
      const n32 = utf8Bytes(v31);
      if (n32 < 0 || n32 > 24) return fail(value);
      const v33 = value.raw;
      if (!(v33 instanceof Uint8Array)) return fail(value);
      const n34 = v33.length;
      if (n34 > 9) return fail(value);
      const v35 = value.any;
      const b37 = dynamicBytes(A36, v35);
      if (b37 === undefined) return fail(value);
      const n38 = b37.length;
      const a39 = n38 - 1;
      const v40 = value.list;
      if (!Array.isArray(v40)) return fail(value);
      const n41 = v40.length;
      if (n41 > 9) return fail(value);
      const v42 = value.points;
      if (!Array.isArray(v42)) return fail(value);
      const n43 = v42.length;
      if (n43 > 4) return fail(value);
      const v44 = value.scores;
      if (!(v44 instanceof Map)) return fail(value);
      const n45 = v44.size;
      if (n45 > 4) return fail(value);
      view.setInt32(p + 24, a29 >>> 2 | n32 << 7 | n34 << 12 | a39 << 16 | n41 << 22 | n43 << 26 | n45 << 29, true);
      const o46 = value.maybe;
      const a47 = o46 === undefined ? 0 : 1;
      const s48 = value.action;
      if (s48 === undefined || s48 === null) return fail(value);
      const t49 = s48.kind;
      const a50 = t49 === "move" ? 0 : t49 === "stop" ? 1 : -1;
      if (a50 < 0) return fail(value);
      view.setUint8(p + 28, a47 | a50 << 1);
      p += 29;
      p = writeVarint(view, p, a30);
      if (p < 0) return p;
      if (n32 > limit - p) return -1;
      p = writeUtf8(view, p, v31, n32);
      if (n34 > limit - p) return -1;
      p = writeBytes(view, p, v33);
      if (n38 > limit - p) return -1;
      p = writeBytes(view, p, b37);
      if ((n41 * 3 + 7 >>> 3) > limit - p) return -1;
      let acc52 = 0;
      let held53 = 0;
      for (let i51 = 0; i51 < n41; i51++) {
        const a54 = v40[i51];
        if (typeof a54 !== "number") return fail(value);
        if ((a54 | 0) !== a54 || a54 >>> 0 > 5) return fail(value);
        const e55 = a54;
        acc52 |= e55 << held53;
        held53 += 3;
        while (held53 >= 8) {
          view.setUint8(p++, acc52);
          acc52 >>>= 8;
          held53 -= 8;
        }
      }
      if (held53 > 0) view.setUint8(p++, acc52);
      if (n43 * 2 > limit - p) return -1;
      for (let i56 = 0; i56 < n43; i56++) {
        const s57 = v42[i56];
        if (s57 === undefined || s57 === null) return fail(value);
        const a58 = s57.x;
        if (typeof a58 !== "number") return fail(value);
        if ((a58 | 0) !== a58 || a58 >>> 0 > 255) return fail(value);
        const a59 = s57.y;
        if (typeof a59 !== "number") return fail(value);
        if ((a59 | 0) !== a59 || a59 >>> 0 > 255) return fail(value);
        view.setUint16(p, a58 | a59 << 8, true);
        p += 2;
      }
      const k61 = sortedKeys(K60, v44);
      for (let i62 = 0; i62 < k61.length; i62++) {
        const k63 = k61[i62];
        const m64 = { key: k63, value: v44.get(k63) };
        if (3 > limit - p) return -1;
        const v65 = m64.key;
        if (typeof v65 !== "string" || v65.length > 9) return fail(value);
        const n66 = utf8Bytes(v65);
        if (n66 < 0 || n66 > 9) return fail(value);
        const a67 = m64.value;
        if (typeof a67 !== "number") return fail(value);
        if ((a67 | 0) !== a67 || a67 >>> 0 > 65535) return fail(value);
        const w68 = n66 | a67 << 4;
        view.setUint16(p, w68, true);
        view.setUint8(p + 2, w68 >>> 16);
        p += 3;
        if (n66 > limit - p) return -1;
        p = writeUtf8(view, p, v65, n66);
      }
      if (a47 !== 0) {
        if (1 > limit - p) return -1;
        const s69 = o46;
        if (s69 === undefined || s69 === null) return fail(value);
        const o70 = s69.deep;
        const a71 = o70 === undefined ? 0 : 1;
        view.setUint8(p, a71);
        p += 1;
        if (a71 !== 0) {
          if (1 > limit - p) return -1;
          const a72 = o70;
          if (typeof a72 !== "number") return fail(value);
          if ((a72 | 0) !== a72 || a72 >>> 0 > 255) return fail(value);
          view.setUint8(p, a72);
          p += 1;
        }
      }
      switch (a50) {
        case 0: {
          if (1 > limit - p) return -1;
          const a73 = s48.to;
          if (typeof a73 !== "number") return fail(value);
          if ((a73 | 0) !== a73 || a73 >>> 0 > 255) return fail(value);
          view.setUint8(p, a73);
          p += 1;
          break;
        }
        case 1: {
          break;
        }
      }
      return p;
    }
    function read(view, offset, end, into) {
      let p = offset;
      if (29 > end - p) return -1;
      const w74 = view.getInt32(p, true);
      into.bool = (w74 & 1) !== 0;
      const r75 = w74 >>> 1 & 15;
      if (r75 > 12) return -3;
      into.small = r75 + (-3);
      const w76 = view.getInt32(p + 4, true);
      const r77 = (w74 >>> 5 | w76 << 27) >>> 0;
      const r78 = r77 + (w76 >>> 5 & 511) * 4294967296;
      if (r78 > 1099511627776) return -3;
      into.wide = r78;
      const w79 = view.getInt32(p + 8, true);
      int32[0] = w76 >>> 14 | w79 << 18;
      const f80 = float32[0];
      if (f80 - f80 !== 0) return -9;
      into.f32 = f80;
      const w81 = view.getInt32(p + 12, true);
      const r82 = w79 >>> 14 | w81 << 18;
      const w83 = view.getInt32(p + 16, true);
      const r84 = w81 >>> 14 | w83 << 18;
      scratch.setInt32(0, r82, true);
      scratch.setInt32(4, r84, true);
      const f85 = scratch.getFloat64(0, true);
      if (f85 - f85 !== 0) return -9;
      into.f64 = f85;
      const r86 = w83 >>> 14 & 15;
      if (r86 > 14) return -3;
      into.grid = (r86 - 7) * 0.09999999999999999;
      const r87 = w83 >>> 18 & 1023;
      if (r87 > 1000) return -3;
      into.compressed = decompressFloat(G19, r87);
      const w88 = view.getInt32(p + 20, true);
      into.angle = (((w83 >>> 28 | w88 << 4) & 4095) << 20 >> 20) * 0.0015339807878856412;
      const r90 = w88 >>> 8 & 3;
      if (r90 > 2) return -4;
      into.kind = E89[r90];
      const w91 = view.getInt32(p + 24, true);
      const a92 = w88 >>> 10 & 3;
      const a93 = w88 >>> 12 & 511;
      const a94 = w88 >>> 21 & 511;
      const a95 = (w88 >>> 30 | w91 << 2) & 511;
      let s97 = into.turn;
      if (s97 === undefined || s97 === null) into.turn = s97 = new Make96();
      if (!unpackQuaternion(9, a92, a93, a94, a95, s97)) return -12;
      const r98 = w91 >>> 7 & 31;
      if (r98 > 24) return -5;
      const r99 = w91 >>> 12 & 15;
      if (r99 > 9) return -5;
      const r100 = w91 >>> 16 & 63;
      const n101 = r100 + 1;
      const r102 = w91 >>> 22 & 15;
      if (r102 > 9) return -5;
      const r103 = w91 >>> 26 & 7;
      if (r103 > 4) return -5;
      const r104 = w91 >>> 29;
      if (r104 > 4) return -5;
      const w105 = view.getUint8(p + 28);
      const n106 = w105 & 1;
      const r107 = w105 >>> 1 & 1;
      into.added = 7;
      if ((w105 >>> 2) !== 0) return -6;
      p += 29;
      const r108 = readVarint(view, p, end);
      if (r108 < 0) return r108;
      p = varintEnd();
      into.varint = r108;
      if (r98 > end - p) return -1;
      const v109 = readUtf8(view, p, p + r98);
      if (v109 === undefined) return -7;
      into.text = v109;
      p += r98;
      if (r99 > end - p) return -1;
      into.raw = readBytes(view, p, r99);
      p += r99;
      if (n101 > end - p) return -1;
      const v110 = readDynamic(view, p, p + n101, A36);
      if (v110 === undefined) return -11;
      into.any = v110.value;
      p += n101;
      if ((r102 * 3 + 7 >>> 3) > end - p) return -1;
      if (!Array.isArray(into.list)) into.list = [];
      const l111 = into.list;
      if (l111.length > r102) l111.length = r102;
      let acc113 = 0;
      let held114 = 0;
      for (let i112 = 0; i112 < r102; i112++) {
        while (held114 < 3) {
          acc113 |= view.getUint8(p++) << held114;
          held114 += 8;
        }
        const e115 = acc113 & 7;
        acc113 >>>= 3;
        held114 -= 3;
        const r116 = e115;
        if (r116 > 5) return -3;
        l111[i112] = r116;
      }
      if (acc113 !== 0) return -6;
      if ((r103 * 16 + 7 >>> 3) > end - p) return -1;
      if (!Array.isArray(into.points)) into.points = [];
      const l117 = into.points;
      if (l117.length > r103) l117.length = r103;
      for (let i118 = 0; i118 < r103; i118++) {
        let s120 = l117[i118];
        if (s120 === undefined || s120 === null) l117[i118] = s120 = new Make119();
        const w121 = view.getUint16(p, true);
        const r122 = w121 & 255;
        s120.x = r122;
        const r123 = w121 >>> 8;
        s120.y = r123;
        p += 2;
      }
      if (r104 * 3 > end - p) return -1;
      if (!(into.scores instanceof Map)) into.scores = new Map();
      const m124 = into.scores;
      m124.clear();
      let k125 = undefined;
      for (let i126 = 0; i126 < r104; i126++) {
        const e127 = { key: undefined, value: undefined };
        if (3 > end - p) return -1;
        const w128 = view.getUint16(p, true) | view.getUint8(p + 2) << 16;
        const r129 = w128 & 15;
        if (r129 > 9) return -5;
        const r130 = w128 >>> 4 & 65535;
        e127.value = r130;
        if ((w128 >>> 20) !== 0) return -6;
        p += 3;
        if (r129 > end - p) return -1;
        const v131 = readUtf8(view, p, p + r129);
        if (v131 === undefined) return -7;
        e127.key = v131;
        p += r129;
        if (i126 > 0 && compareMapKeys(K60, k125, e127.key) >= 0) return -10;
        k125 = e127.key;
        m124.set(e127.key, e127.value);
      }
      if (n106 !== 0) {
        if (1 > end - p) return -1;
        let s133 = into.maybe;
        if (s133 === undefined || s133 === null) into.maybe = s133 = new Make132();
        const w134 = view.getUint8(p);
        const n135 = w134 & 1;
        if ((w134 >>> 1) !== 0) return -6;
        p += 1;
        if (n135 !== 0) {
          if (1 > end - p) return -1;
          const w136 = view.getUint8(p);
          const r137 = w136;
          s133.deep = r137;
          p += 1;
        } else s133.deep = undefined;
      } else into.maybe = undefined;
      switch (r107) {
        case 0: {
          let u138 = into.action;
          if (u138 === undefined || u138 === null || u138.kind !== "move") into.action = u138 = new Make139();
          if (1 > end - p) return -1;
          const w140 = view.getUint8(p);
          const r141 = w140;
          u138.to = r141;
          p += 1;
          break;
        }
        case 1: {
          let u142 = into.action;
          if (u142 === undefined || u142 === null || u142.kind !== "stop") into.action = u142 = new Make143();
          break;
        }
      }
      return p === end ? end : -2;
    }
    function create() {
      return new Make144();
    }
    return { write, read, create };
  },
});
