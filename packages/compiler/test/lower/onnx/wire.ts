/** The fields of a protobuf message by number, as they stand in the bytes: varints, fixed 32-bit words, byte strings. */
export type WireFields = Map<number, (bigint | Uint8Array)[]>;

/** Reads the wire format of protobuf with no schema and no library: what an encoder wrote, seen by somebody else. */
export function readWire(bytes: Uint8Array): WireFields {
  const fields: WireFields = new Map();
  let at = 0;
  const varint = () => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes[at++] as number;
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return value;
    }
  };
  while (at < bytes.length) {
    const tag = Number(varint());
    const found = fields.get(tag >> 3) ?? [];
    fields.set(tag >> 3, found);
    if ((tag & 7) === 0) found.push(varint());
    else {
      const length = (tag & 7) === 5 ? 4 : Number(varint());
      found.push(bytes.subarray(at, at + length));
      at += length;
    }
  }
  return fields;
}

/** The messages in a field. */
export function messages(fields: WireFields, number: number): WireFields[] {
  return (fields.get(number) ?? []).map((value) => readWire(value as Uint8Array));
}

/** The strings in a field. */
export function strings(fields: WireFields, number: number): string[] {
  return (fields.get(number) ?? []).map((value) => new TextDecoder().decode(value as Uint8Array));
}

/** The integers in a field, read as signed 64-bit. */
export function integers(fields: WireFields, number: number): number[] {
  return (fields.get(number) ?? []).map((value) => Number(BigInt.asIntN(64, value as bigint)));
}

/** The 32-bit floats in a field. */
export function floats(fields: WireFields, number: number): number[] {
  return (fields.get(number) ?? []).map((value) => {
    const bytes = value as Uint8Array;
    return new DataView(bytes.buffer, bytes.byteOffset).getFloat32(0, true);
  });
}
