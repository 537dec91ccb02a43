"""Receipts of checks, verified by anybody who was given one."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

from fastapi import APIRouter, Request, Response

from api.check_schemas import ProofView, ReceiptRequest, ReceiptView
from api.problems import responses
from api.security import ServicesDep, remote_address

router = APIRouter(tags=["核验回执 Receipts"])


@router.post("/v1/receipts/verify", summary="验证回执 Verify a receipt", responses=responses(413, 422, 429))
def verify_receipt(request: Request, services: ServicesDep, body: ReceiptRequest) -> ReceiptView:
    """任何人都可验证回执的签名并查看其内容，以及它在透明日志中的位置与证明，无需令牌。

    Anybody may check the signature of a receipt and read what it says, with its place in the transparency log and the
    proof of it; no token is needed.
    """
    services.limiter.hit(services.settings.check_rate, "receipt", remote_address(request))
    receipt = services.receipts.verify(body.receipt)
    proof = services.check_records.proof(receipt.id, services.ledger)
    view = None
    if proof is not None:
        view = ProofView(
            leaf=b64encode(proof.leaf).decode(),
            salt=proof.salt.hex(),
            opening=proof.opening.decode(),
            position=proof.position,
            tree_size=proof.tree_size,
            root=b64encode(proof.root).decode(),
            hashes=[b64encode(each).decode() for each in proof.hashes],
        )
    return ReceiptView.of(receipt, view)


@router.get("/.well-known/receipt-jwks.json", summary="回执公钥 Keys of receipts", responses=responses())
def receipt_jwks(services: ServicesDep, response: Response) -> dict[str, Any]:
    """验证回执与状态通知签名的公钥（RFC 7517），换下的公钥长期保留。The keys of receipts and notices; old ones stay."""
    response.headers["Cache-Control"] = "public, max-age=300"
    return dict(services.receipt_keys.jwks())
