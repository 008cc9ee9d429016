// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {ObedientRegistry} from "./ObedientRegistry.sol";

/// @title A registry double that may stop to say what it is
contract FadingRegistry is ObedientRegistry {
    error NoMoreAnswers();

    enum Voice {
        Clear,
        Refuses,
        SaysNothing,
        Misplaces, // a string that begins elsewhere
        Exaggerates // a string longer than the answer
    }

    Voice public voice;

    function speak(Voice voice_) external {
        voice = voice_;
    }

    function identify() public view override returns (string memory) {
        if (voice == Voice.Clear) return super.identify();
        if (voice == Voice.Refuses) revert NoMoreAnswers();
        uint256 offset = voice == Voice.Misplaces ? 1 << 200 : 32;
        uint256 length = voice == Voice.Exaggerates ? 1 << 200 : 0;
        uint256 answer = voice == Voice.SaysNothing ? 0 : 64;
        assembly ("memory-safe") {
            mstore(0, offset)
            mstore(32, length)
            return(0, answer)
        }
    }
}
