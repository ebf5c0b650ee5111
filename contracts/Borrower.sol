// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {BookV6, TakeOrdersConfigV5} from "./BookV6.sol";
import {Float} from "./Float.sol";
import {ITakeOrders} from "./Parts.sol";
import {IToken, Token} from "./Token.sol";

/// A taker that owns nothing: it is called back with what it gets, and only then finds what it pays.
contract Borrower is ITakeOrders {
    uint256 public sent;

    function take(BookV6 book, TakeOrdersConfigV5 calldata config) external {
        book.takeOrders4(config);
    }

    function onTakeOrders2(address input, address output, Float, Float totalOutput, bytes calldata) external {
        sent = IToken(input).balanceOf(address(this));
        uint256 owed = totalOutput.toFixedUp(IToken(output).decimals());
        Token(output).mint(address(this), owed);
        IToken(output).approve(msg.sender, owed);
    }
}
