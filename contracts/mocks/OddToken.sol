// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {PlainToken} from "./PlainToken.sol";

/// @title A token that misbehaves as it is told
contract OddToken is PlainToken {
    error TokenSaysNo(uint256 amount);

    enum Manner {
        Plain,
        SaysNothing, // moves, returns no data
        SaysFalse, // moves, returns false
        SaysTwo, // moves, returns a word that is no bool
        SaysLittle, // moves, returns one byte
        Reverts,
        TakesFee, // the receiver gets one less
        GivesMore, // the receiver gets one more
        MovesNothing, // returns true
        MovesBackwards,
        Reenters // calls back before it moves
    }

    Manner public manner;
    address private _target;
    bytes private _call;

    function behave(Manner manner_) external {
        manner = manner_;
    }

    /// @notice Whom to call back, and how; the callback's refusal is passed on.
    function reenter(address target, bytes calldata data) external {
        manner = Manner.Reenters;
        _target = target;
        _call = data;
    }

    /// @notice Change a balance without a transfer.
    function rebase(address holder, uint256 balance) external {
        balanceOf[holder] = balance;
    }

    function transfer(address to, uint256 amount) external override returns (bool) {
        return _oddly(msg.sender, to, amount);
    }

    function transferFrom(address from, address to, uint256 amount) external override returns (bool) {
        return _oddly(from, to, amount);
    }

    function _oddly(address from, address to, uint256 amount) private returns (bool) {
        if (manner == Manner.Reverts) revert TokenSaysNo(amount);
        if (manner == Manner.Reenters) _callBack();
        if (manner == Manner.MovesBackwards) _move(to, from, amount);
        else if (manner != Manner.MovesNothing) _move(from, to, amount);
        if (manner == Manner.TakesFee) balanceOf[to] -= 1;
        if (manner == Manner.GivesMore) balanceOf[to] += 1;
        uint256 size = manner == Manner.SaysNothing ? 0 : manner == Manner.SaysLittle ? 1 : 32;
        uint256 word = manner == Manner.SaysFalse ? 0 : manner == Manner.SaysTwo ? 2 : 1;
        assembly ("memory-safe") {
            mstore(0, word)
            return(0, size)
        }
    }

    function _callBack() private {
        (bool done, bytes memory answer) = _target.call(_call);
        if (done) return;
        assembly ("memory-safe") {
            revert(add(answer, 0x20), mload(answer))
        }
    }
}
