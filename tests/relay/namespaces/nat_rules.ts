/**
 * Rules of nftables that make a namespace a NAT. Inside is the interface `in`, outside is `out`.
 *
 * @module
 */

/**
 * `preserving` keeps source ports where it can, so that a mapping looks alike to all destinations;
 * `symmetric` draws another port for each destination.
 */
export type NatKind = "preserving" | "symmetric";

/**
 * The rules of a kind. Nothing from outside is taken that nobody inside has asked for: besides being what
 * home routers do, a datagram that came first would occupy the mapping, and the later one from inside would
 * get another port.
 */
export function natRules(kind: NatKind): string {
  const how = kind === "symmetric" ? "masquerade fully-random" : "masquerade";
  return `
table ip nat {
  chain leave {
    type nat hook postrouting priority 100;
    oifname "out" ${how}
  }
}
table inet filter {
  chain self {
    type filter hook input priority 0; policy drop;
    iifname { "lo", "in" } accept
    ct state established,related accept
  }
  chain through {
    type filter hook forward priority 0; policy drop;
    iifname "in" accept
    ct state established,related accept
  }
}`;
}
