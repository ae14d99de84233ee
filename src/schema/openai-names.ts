import type { Model } from './account.ts';
import type {
  ChatCompletionChunk,
  ChatCompletionDelta,
  ChatCompletionDeltaToolCall,
  ChunkChoice,
} from './chunk.ts';
import type {
  ChatCompletionAssistantMessageParam,
  ChatCompletionContentPart,
  ChatCompletionContentPartImage,
  ChatCompletionContentPartInputAudio,
  ChatCompletionContentPartRefusal,
  ChatCompletionContentPartText,
  ChatCompletionDeveloperMessageParam,
  ChatCompletionMessageParam,
  ChatCompletionSystemMessageParam,
  ChatCompletionToolMessageParam,
  ChatCompletionUserMessageParam,
} from './message.ts';
import type {
  ChatCompletionCreateParams,
  ChatCompletionCreateParamsBase,
  ChatCompletionCreateParamsNonStreaming,
  ChatCompletionCreateParamsStreaming,
  ReasoningEffort,
  ResponseFormat,
} from './request.ts';
import type {
  ChatCompletion,
  ChatCompletionAudio,
  ChatCompletionMessage,
  Choice,
  ChoiceLogprobs,
  TokenLogprob,
} from './response.ts';
import type {
  Completion,
  CompletionChoice,
  CompletionCreateParams,
  CompletionCreateParamsNonStreaming,
  CompletionCreateParamsStreaming,
} from './fill.ts';
import type {
  ChatCompletionMessageCustomToolCall,
  ChatCompletionMessageFunctionToolCall,
  ChatCompletionMessageToolCall,
  ChatCompletionNamedToolChoice,
  ChatCompletionTool,
  ChatCompletionToolChoiceOption,
  FunctionDefinition,
  FunctionParameters,
} from './tool.ts';
import type { CompletionTokensDetails, CompletionUsage, PromptTokensDetails } from './usage.ts';

/** The types behind the names; inside a namespace with the same names they could not be referenced. */
interface Ours {
  ChatCompletion: ChatCompletion;
  ChatCompletionAssistantMessageParam: ChatCompletionAssistantMessageParam;
  ChatCompletionAudio: ChatCompletionAudio;
  ChatCompletionChunk: ChatCompletionChunk;
  ChatCompletionContentPart: ChatCompletionContentPart;
  ChatCompletionContentPartImage: ChatCompletionContentPartImage;
  ChatCompletionContentPartInputAudio: ChatCompletionContentPartInputAudio;
  ChatCompletionContentPartRefusal: ChatCompletionContentPartRefusal;
  ChatCompletionContentPartText: ChatCompletionContentPartText;
  ChatCompletionCreateParams: ChatCompletionCreateParams;
  ChatCompletionCreateParamsBase: ChatCompletionCreateParamsBase;
  ChatCompletionCreateParamsNonStreaming: ChatCompletionCreateParamsNonStreaming;
  ChatCompletionCreateParamsStreaming: ChatCompletionCreateParamsStreaming;
  ChatCompletionDeveloperMessageParam: ChatCompletionDeveloperMessageParam;
  ChatCompletionFunctionTool: ChatCompletionTool;
  ChatCompletionMessage: ChatCompletionMessage;
  ChatCompletionMessageCustomToolCall: ChatCompletionMessageCustomToolCall;
  ChatCompletionMessageFunctionToolCall: ChatCompletionMessageFunctionToolCall;
  ChatCompletionMessageParam: ChatCompletionMessageParam;
  ChatCompletionMessageToolCall: ChatCompletionMessageToolCall;
  ChatCompletionNamedToolChoice: ChatCompletionNamedToolChoice;
  ChatCompletionReasoningEffort: ReasoningEffort;
  ChatCompletionRole: ChatCompletionMessageParam['role'];
  ChatCompletionStreamOptions: NonNullable<ChatCompletionCreateParamsBase['stream_options']>;
  ChatCompletionSystemMessageParam: ChatCompletionSystemMessageParam;
  ChatCompletionTokenLogprob: TokenLogprob;
  ChatCompletionTool: ChatCompletionTool;
  ChatCompletionToolChoiceOption: ChatCompletionToolChoiceOption;
  ChatCompletionToolMessageParam: ChatCompletionToolMessageParam;
  ChatCompletionUserMessageParam: ChatCompletionUserMessageParam;
  Completion: Completion;
  CompletionChoice: CompletionChoice;
  CompletionCreateParams: CompletionCreateParams;
  CompletionCreateParamsNonStreaming: CompletionCreateParamsNonStreaming;
  CompletionCreateParamsStreaming: CompletionCreateParamsStreaming;
  CompletionTokensDetails: CompletionTokensDetails;
  CompletionUsage: CompletionUsage;
  FunctionDefinition: FunctionDefinition;
  FunctionParameters: FunctionParameters;
  Model: Model;
  PromptTokensDetails: PromptTokensDetails;
  ReasoningEffort: ReasoningEffort;
  Choice: Choice;
  ChoiceLogprobs: ChoiceLogprobs;
  ChunkChoice: ChunkChoice;
  Delta: ChatCompletionDelta;
  DeltaToolCall: ChatCompletionDeltaToolCall;
}

/**
 * Types under the names that openai-node has for them, for programs that move: `OpenAI.Chat.ChatCompletionMessageParam` and
 * the like go on working. There is nothing in it at run time.
 *
 * @example
 * import type { OpenAI } from 'deepseek-v4-flash';
 */
export declare namespace OpenAI {
  export type CompletionUsage = Ours['CompletionUsage'];
  export namespace CompletionUsage {
    export type PromptTokensDetails = Ours['PromptTokensDetails'];
    export type CompletionTokensDetails = Ours['CompletionTokensDetails'];
  }
  export type FunctionDefinition = Ours['FunctionDefinition'];
  export type FunctionParameters = Ours['FunctionParameters'];
  export type ReasoningEffort = Ours['ReasoningEffort'];
  export type Model = Ours['Model'];
  export type Completion = Ours['Completion'];
  export type CompletionChoice = Ours['CompletionChoice'];
  export type CompletionCreateParams = Ours['CompletionCreateParams'];
  export type CompletionCreateParamsNonStreaming = Ours['CompletionCreateParamsNonStreaming'];
  export type CompletionCreateParamsStreaming = Ours['CompletionCreateParamsStreaming'];
  export type ResponseFormatText = Extract<ResponseFormat, { type: 'text' }>;
  export type ResponseFormatJSONObject = Extract<ResponseFormat, { type: 'json_object' }>;
  export type ResponseFormatJSONSchema = Extract<ResponseFormat, { type: 'json_schema' }>;
  export namespace Models {
    export type Model = Ours['Model'];
  }

  export namespace Chat {
    export type ChatCompletion = Ours['ChatCompletion'];
    export namespace ChatCompletion {
      export type Choice = Ours['Choice'];
      export namespace Choice {
        export type Logprobs = Ours['ChoiceLogprobs'];
      }
    }
    export type ChatCompletionAssistantMessageParam = Ours['ChatCompletionAssistantMessageParam'];
    export type ChatCompletionAudio = Ours['ChatCompletionAudio'];
    export type ChatCompletionChunk = Ours['ChatCompletionChunk'];
    export namespace ChatCompletionChunk {
      export type Choice = Ours['ChunkChoice'];
      export namespace Choice {
        export type Delta = Ours['Delta'];
        export namespace Delta {
          export type ToolCall = Ours['DeltaToolCall'];
        }
        export type Logprobs = Ours['ChoiceLogprobs'];
      }
    }
    export type ChatCompletionContentPart = Ours['ChatCompletionContentPart'];
    export type ChatCompletionContentPartImage = Ours['ChatCompletionContentPartImage'];
    export type ChatCompletionContentPartInputAudio = Ours['ChatCompletionContentPartInputAudio'];
    export type ChatCompletionContentPartRefusal = Ours['ChatCompletionContentPartRefusal'];
    export type ChatCompletionContentPartText = Ours['ChatCompletionContentPartText'];
    export type ChatCompletionCreateParams = Ours['ChatCompletionCreateParams'];
    export type ChatCompletionCreateParamsBase = Ours['ChatCompletionCreateParamsBase'];
    export type ChatCompletionCreateParamsNonStreaming =
      Ours['ChatCompletionCreateParamsNonStreaming'];
    export type ChatCompletionCreateParamsStreaming = Ours['ChatCompletionCreateParamsStreaming'];
    export type ChatCompletionDeveloperMessageParam = Ours['ChatCompletionDeveloperMessageParam'];
    export type ChatCompletionFunctionTool = Ours['ChatCompletionFunctionTool'];
    export type ChatCompletionMessage = Ours['ChatCompletionMessage'];
    export type ChatCompletionMessageCustomToolCall = Ours['ChatCompletionMessageCustomToolCall'];
    export type ChatCompletionMessageFunctionToolCall =
      Ours['ChatCompletionMessageFunctionToolCall'];
    export type ChatCompletionMessageParam = Ours['ChatCompletionMessageParam'];
    export type ChatCompletionMessageToolCall = Ours['ChatCompletionMessageToolCall'];
    export type ChatCompletionNamedToolChoice = Ours['ChatCompletionNamedToolChoice'];
    export type ChatCompletionReasoningEffort = Ours['ChatCompletionReasoningEffort'];
    export type ChatCompletionRole = Ours['ChatCompletionRole'];
    export type ChatCompletionStreamOptions = Ours['ChatCompletionStreamOptions'];
    export type ChatCompletionSystemMessageParam = Ours['ChatCompletionSystemMessageParam'];
    export type ChatCompletionTokenLogprob = Ours['ChatCompletionTokenLogprob'];
    export type ChatCompletionTool = Ours['ChatCompletionTool'];
    export type ChatCompletionToolChoiceOption = Ours['ChatCompletionToolChoiceOption'];
    export type ChatCompletionToolMessageParam = Ours['ChatCompletionToolMessageParam'];
    export type ChatCompletionUserMessageParam = Ours['ChatCompletionUserMessageParam'];

    /** openai-node has them in both places. */
    export namespace Completions {
      export type ChatCompletion = Ours['ChatCompletion'];
      export namespace ChatCompletion {
        export type Choice = Ours['Choice'];
        export namespace Choice {
          export type Logprobs = Ours['ChoiceLogprobs'];
        }
      }
      export type ChatCompletionAssistantMessageParam = Ours['ChatCompletionAssistantMessageParam'];
      export type ChatCompletionAudio = Ours['ChatCompletionAudio'];
      export type ChatCompletionChunk = Ours['ChatCompletionChunk'];
      export namespace ChatCompletionChunk {
        export type Choice = Ours['ChunkChoice'];
        export namespace Choice {
          export type Delta = Ours['Delta'];
          export namespace Delta {
            export type ToolCall = Ours['DeltaToolCall'];
          }
          export type Logprobs = Ours['ChoiceLogprobs'];
        }
      }
      export type ChatCompletionContentPart = Ours['ChatCompletionContentPart'];
      export type ChatCompletionContentPartImage = Ours['ChatCompletionContentPartImage'];
      export type ChatCompletionContentPartInputAudio = Ours['ChatCompletionContentPartInputAudio'];
      export type ChatCompletionContentPartRefusal = Ours['ChatCompletionContentPartRefusal'];
      export type ChatCompletionContentPartText = Ours['ChatCompletionContentPartText'];
      export type ChatCompletionCreateParams = Ours['ChatCompletionCreateParams'];
      export type ChatCompletionCreateParamsBase = Ours['ChatCompletionCreateParamsBase'];
      export type ChatCompletionCreateParamsNonStreaming =
        Ours['ChatCompletionCreateParamsNonStreaming'];
      export type ChatCompletionCreateParamsStreaming = Ours['ChatCompletionCreateParamsStreaming'];
      export type ChatCompletionDeveloperMessageParam = Ours['ChatCompletionDeveloperMessageParam'];
      export type ChatCompletionFunctionTool = Ours['ChatCompletionFunctionTool'];
      export type ChatCompletionMessage = Ours['ChatCompletionMessage'];
      export type ChatCompletionMessageCustomToolCall = Ours['ChatCompletionMessageCustomToolCall'];
      export type ChatCompletionMessageFunctionToolCall =
        Ours['ChatCompletionMessageFunctionToolCall'];
      export type ChatCompletionMessageParam = Ours['ChatCompletionMessageParam'];
      export type ChatCompletionMessageToolCall = Ours['ChatCompletionMessageToolCall'];
      export type ChatCompletionNamedToolChoice = Ours['ChatCompletionNamedToolChoice'];
      export type ChatCompletionReasoningEffort = Ours['ChatCompletionReasoningEffort'];
      export type ChatCompletionRole = Ours['ChatCompletionRole'];
      export type ChatCompletionStreamOptions = Ours['ChatCompletionStreamOptions'];
      export type ChatCompletionSystemMessageParam = Ours['ChatCompletionSystemMessageParam'];
      export type ChatCompletionTokenLogprob = Ours['ChatCompletionTokenLogprob'];
      export type ChatCompletionTool = Ours['ChatCompletionTool'];
      export type ChatCompletionToolChoiceOption = Ours['ChatCompletionToolChoiceOption'];
      export type ChatCompletionToolMessageParam = Ours['ChatCompletionToolMessageParam'];
      export type ChatCompletionUserMessageParam = Ours['ChatCompletionUserMessageParam'];
    }
  }
}
